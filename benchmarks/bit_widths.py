"""Accuracy by bits per weight: `python -m benchmarks.bit_widths --output RESULTS.json`.

For every student and number of bits: the integer network as converted, and after fine-tuning. A
float student that is fine-tuned alike is in the table too, because longer training changes it by
itself. (It also updates the statistics of its normalisations, which a quantised student keeps.)
"""

import logging
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset, Subset

from benchmarks.bit_tuning import fine_tune, frames_per_bin, tuning_settings
from benchmarks.tables import format_entry
from conversion.graph.quantize import check_weight_bits, quantize_graph
from conversion.student.extract import extract_graph
from conversion.student.graph_predictor import GraphPredictor
from snn_depth.command.exit import run_command
from snn_depth.command.table import Table
from snn_depth.evaluation.results import summarize, write_results
from snn_depth.evaluation.scoring import score
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.train import make_recipe
from snn_depth.training.checkpoint import LoadedNetwork, load_network
from snn_depth.training.recipe_file import read_recipe

logger = logging.getLogger(__name__)
RECIPE = Path(__file__).resolve().parents[1] / "configs" / "quantize.yaml"
Row = dict[str, Any]


def bit_widths(
    *,
    checkpoints: Sequence[Path] = (SHIPPED_NETWORK,),
    output: Path,
    recipe: Path = RECIPE,
    widths: Sequence[int] = (8, 7, 6, 5, 4),
    num_samples: int = 160,
    work_dir: Path = Path("runs/bit_widths"),
) -> None:
    """Score students with fewer and fewer bits per weight, without and with fine-tuning.

    Integer networks are run by the bit-exact model of the chip. Repeat an interrupted command: what
    is fine-tuned already is kept in `work_dir`.

    Args:
        checkpoints: Float students (*.safetensors), one per training seed; the shipped one by
            default.
        output: Results to write (*.json).
        recipe: How to fine-tune: a recipe with one stage, whose network and start are replaced.
        widths: Bits per weight with its sign, 4 to 8.
        num_samples: Samples of the recipe's first test set, spread over it.
        work_dir: Where fine-tuned networks are kept.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for num_weight_bits in widths:
        check_weight_bits(num_weight_bits)
    students = students_by_seed(checkpoints)
    settings = read_recipe(recipe)
    if len(settings["stages"]) != 1:
        raise ValueError(f"{recipe} has {len(settings['stages'])} stages; accepted: 1")
    data = cache(lambda name: make_recipe(settings)[0].data[name]())
    test_name = settings.get("test_data", ["test"])[0]
    samples = spread(data(test_name), num_samples)
    rows: list[Row] = []
    for seed, (checkpoint, loaded) in students.items():
        for bits, tuned in variants(widths):
            network = loaded.network
            if tuned:
                tuning = tuning_settings(settings, checkpoint, loaded, bits, seed, work_dir)
                network = fine_tune(tuning, data, seed=seed)
            metrics = graph_metrics(network, loaded, bits, samples)
            if bits is None and not tuned:
                float_abs_rel = metrics["abs_rel"]
            metrics["abs_rel_change"] = metrics["abs_rel"] / float_abs_rel - 1
            logger.info("seed %s, %s: %s", seed, method_name(bits, tuned), metrics["abs_rel"])
            rows.append(
                {
                    "scenario": test_name,
                    "method": method_name(bits, tuned),
                    "network": "snn",
                    "num_weight_bits": bits,
                    "fine_tuned": tuned,
                    "num_samples": num_samples,
                    "seed": seed,
                    "alignment": "none",
                    "metrics": metrics,
                }
            )
    write_results(output, output.stem, rows)
    print(markdown(summarize(rows)))


def students_by_seed(checkpoints: Sequence[Path]) -> dict[int, tuple[Path, LoadedNetwork]]:
    """Load students, with their files, and tell them apart by the seed they were trained with.

    Raises:
        ValueError: For a network that is no spiking student, and two of one seed.
    """
    students: dict[int, tuple[Path, LoadedNetwork]] = {}
    for position, checkpoint in enumerate(checkpoints):
        loaded = load_network(checkpoint)
        if not isinstance(loaded.network, SpikingDepthNet):
            raise ValueError(
                f"{checkpoint} holds a {type(loaded.network).__name__}; accepted: SpikingDepthNet"
            )
        seed = loaded.provenance.get("seed", position)
        if seed in students:
            raise ValueError(
                f"{checkpoint} and {students[seed][0]} were both trained with seed {seed}; "
                "accepted: one checkpoint per seed"
            )
        students[seed] = checkpoint, loaded
    return students


def variants(widths: Sequence[int]) -> Iterator[tuple[int | None, bool]]:
    """Bits (None is float) and whether fine-tuned, the plain float student first."""
    for bits in (None, *widths):
        yield bits, False
        yield bits, True


def method_name(bits: int | None, tuned: bool) -> str:
    """What a row is called."""
    return f"{'float' if bits is None else f'{bits} bits'}{', fine-tuned' if tuned else ''}"


def spread(dataset: Dataset[Any], num_samples: int) -> Subset[Any]:
    """Samples at equal distances over a data set.

    Raises:
        ValueError: When there are fewer.
    """
    total = len(dataset)  # type: ignore[arg-type]
    if not 1 <= num_samples <= total:
        raise ValueError(f"num_samples is {num_samples}; accepted: 1 to {total}")
    return Subset(dataset, [i * total // num_samples for i in range(num_samples)])


def graph_metrics(
    network: DepthPredictor, loaded: LoadedNetwork, bits: int | None, samples: Subset[Any]
) -> dict[str, float]:
    """Score a student's float graph, or its integer graph of some bits, on samples with depth.

    Args:
        network: Student, fine-tuned or not.
        loaded: What it was trained for.
        bits: Bits per weight; None leaves it in float.
    """
    assert isinstance(network, SpikingDepthNet)
    graph = extract_graph(network, loaded.data.height, loaded.data.width)
    if bits is not None:
        graph = quantize_graph(graph, num_weight_bits=bits, largest_input=frames_per_bin(loaded))
    depth_range = network.depth_range
    return score(
        GraphPredictor(graph, network.depth_range),
        samples,
        min_depth_m=depth_range.min_depth_m,
        max_depth_m=depth_range.max_depth_m,
        alignments=["none"],
    )["none"]


def markdown(summary: list[dict[str, Any]]) -> str:
    """A row per number of bits: abs_rel and its change from float, as converted and fine-tuned."""
    cells: dict[str, dict[bool, list[str]]] = {}
    for entry in summary:
        bits = entry["num_weight_bits"]
        name = "float" if bits is None else str(bits)
        cells.setdefault(name, {})[entry["fine_tuned"]] = [
            f"{format_entry(entry, 'abs_rel')} ({entry['abs_rel_change_mean']:+.1%})",
            f"{entry['firing_rate_mean']:.1%}",
        ]
    return Table(
        "",
        ["bits", "as converted (to float)", "firing rate", "fine-tuned (to float)", "firing rate"],
        [[name, *row[False], *row[True]] for name, row in cells.items()],
    ).to_markdown()


if __name__ == "__main__":
    run_command(bit_widths)

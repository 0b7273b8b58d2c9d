"""Quality against energy of many trained networks: `python -m benchmarks.pareto CHECKPOINT ...`.

Spiking networks of several numbers of steps and widths, and quantised twins that can say as much:
`configs/pareto.yaml` trains them. Every spiking network is converted to the chip's integers first.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.study.pareto_candidates import as_row, measure_candidate
from benchmarks.study.pareto_front import on_front
from benchmarks.study.scored_samples import scored_samples
from conversion.student.samples import Samples
from snn_depth.command.exit import run_command
from snn_depth.command.table import Table, number_columns
from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.results import summarize, write_results
from snn_depth.training.checkpoint import load_network

RESULTS = Path(__file__).parent / "results" / "pareto.json"


def pareto(
    *,
    checkpoints: Sequence[Path],
    output: Path = RESULTS,
    data: Sequence[Path] = (),
    max_samples: int = 160,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Measure trained networks, and compare every spiking one with its fair counterpart.

    Args:
        checkpoints: Spiking networks and quantised twins (*.safetensors).
        output: Results to write (*.json); the report shows them.
        data: Recordings (*.h5) with depth, or folders of them; by default the test scenes of the
            synthetic world.
        max_samples: Samples at most.
        cache_dir: Where recordings of the synthetic world are kept.
    """
    if not checkpoints:
        raise ValueError("no checkpoints are given; accepted: one or more *.safetensors")
    samples: dict[DataSpec, Samples] = {}
    candidates = []
    for path in checkpoints:
        loaded = load_network(path)
        if loaded.data not in samples:
            samples[loaded.data] = scored_samples(data, loaded.data, max_samples, cache_dir)
        candidates.append(measure_candidate(path, loaded, samples[loaded.data]))
    rows = [
        as_row(candidate, candidates)
        | {
            "samples": samples[candidate.loaded.data].description,
            "num_samples": len(samples[candidate.loaded.data]),
        }
        for candidate in candidates
    ]
    write_results(output, "pareto", rows)
    console = Console()
    console.print(pareto_table(summarize(rows)).to_rich())
    console.print(f"results: {output}")


def pareto_table(summary: Sequence[Mapping[str, Any]]) -> Table:
    """Summaries of all networks."""
    rows = []
    for entry, best in zip(summary, on_front(summary), strict=True):
        ratio = entry.get("energy_ratio_mean")
        rows.append(
            [
                entry["name"],
                str(entry["num_steps"]),
                str(entry["activation_bits"]),
                f"{entry['abs_rel_mean']:.3f}",
                f"{entry['energy_uj_mean']:.1f}",
                f"{entry['synops_per_synapse_mean']:.2f}",
                "" if ratio is None else f"{ratio:.2f}",
                "*" if best else "",
            ]
        )
    numbers = number_columns("T", "bits", "abs_rel", "uJ", "synops/synapse", "SNN/ANN", "front")
    return Table("quality against energy", ["network", *numbers], rows)


if __name__ == "__main__":
    run_command(pareto)

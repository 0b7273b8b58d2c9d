"""What each guard of self-correction is worth: `python -m benchmarks.self_correction`.

The adapting stage of a recipe runs with all guards against the accumulation of errors, and once
without each; every few steps the pseudo labels are compared with the target's depth, which the
training never sees.
"""

import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from torch.utils.data import Dataset, Subset

from benchmarks.bit_tuning import make_recipe
from benchmarks.bit_widths import spread
from benchmarks.guard_plot import save_guard_plot
from benchmarks.guard_variants import adapting_stage, ancestors, variants
from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line
from snn_depth.results import write_results
from snn_depth.training.recipe import Recipe, Stage

logger = logging.getLogger(__name__)
Settings = dict[str, Any]
MEASUREMENTS_FILE = "pseudo_label_error.json"


def self_correction(
    *,
    recipe: Path,
    output: Path,
    picture: Path,
    seed: int = 0,
    network: Literal["ann", "snn"] = "ann",
    every_steps: int = 10,
    num_samples: int = 64,
    work_dir: Path = Path("runs/self_correction"),
) -> None:
    """Run the adapting stage of a recipe with all guards, and once without each of them.

    Repeat an interrupted command: what is trained already is kept in `work_dir`.

    Args:
        recipe: A recipe (*.yaml) with a SelfCorrectingTeacherStudent stage; the first one that
            uses no target labels is taken.
        output: Results to write (*.json).
        picture: Plot to write (*.png).
        seed: Seed of the run.
        network: Which network adapts: the spiking student (snn) or its ANN twin (ann).
        every_steps: Optimiser steps between two measurements.
        num_samples: Target samples that are measured, spread over all of them.
        work_dir: Where trained networks are kept.
    """
    settings: Settings = yaml.safe_load(recipe.read_text())
    stages = make_recipe(settings)[0].stages
    index = adapting_stage(stages, network)
    folder = work_dir / recipe.stem / network
    data = cache(lambda name: make_recipe(settings)[0].data[name]())
    target_name = stages[index].target_data
    assert target_name is not None  # the recipe has checked it
    samples = spread(data(target_name), num_samples)
    start = train_ancestors(settings, stages, index, data, seed=seed, folder=folder)
    measurements = {}
    for variant, stage in variants(settings["stages"][index] | start).items():
        measurements[variant] = measure_variant(
            settings | {"stages": [stage]},
            data,
            samples,
            seed=seed,
            folder=folder / variant.replace(" ", "_"),
            every_steps=every_steps,
        )
        logger.info("%s: %s", variant, measurements[variant][-1])
    rows = [
        {
            "scenario": recipe.stem,
            "method": variant,
            "network": network,
            "num_samples": num_samples,
            "step": row["step"],
            "seed": seed,
            "alignment": "none",
            "metrics": {name: value for name, value in row.items() if name != "step"},
        }
        for variant, variant_rows in measurements.items()
        for row in variant_rows
    ]
    write_results(output, output.stem, rows)
    title = f"{recipe.stem}, {network}, seed {seed}: without one guard each"
    save_guard_plot(picture, measurements, title=title)
    print(markdown(measurements))


def train_ancestors(
    settings: Settings,
    stages: list[Stage],
    index: int,
    data: Callable[[str], Dataset[Any]],
    *,
    seed: int,
    folder: Path,
) -> Settings:
    """Train what the measured stage starts from, once for all variants.

    Args:
        settings: The recipe as YAML has it.
        stages: Its stages.
        index: The measured one.
        data: Returns a data set by its name.
        seed: Seed of the run.
        folder: Where the networks are kept.

    Returns:
        Settings of the stage that say where it starts.
    """
    from snn_depth.training.stage import NETWORK_FILE  # seconds to import

    needed = ancestors(stages, index)
    if not needed:
        return {}
    earlier = [settings["stages"][i] for i in needed]
    run, text = prepared(settings | {"stages": earlier}, seed, folder / "start")
    train(run, text, data, seed=seed)
    init_from = stages[index].init_from
    if init_from not in {stage["name"] for stage in earlier} or init_from is None:
        return {}
    return {"init_from": str(folder / "start" / f"seed_{seed}" / init_from / NETWORK_FILE)}


def measure_variant(
    settings: Settings,
    data: Callable[[str], Dataset[Any]],
    samples: Subset[Any],
    *,
    seed: int,
    folder: Path,
    every_steps: int,
) -> list[dict[str, float]]:
    """Train one variant and measure it on the way, unless that is done already.

    Args:
        settings: Recipe with the one stage.
        data: Returns a data set by its name.
        samples: Target samples with depth.
        seed: Seed of the run.
        folder: Where the network and its measurements are kept.
        every_steps: Optimiser steps between two measurements.

    Returns:
        As `PseudoLabelError.measurements`.
    """
    from benchmarks.pseudo_label_error import PseudoLabelError  # seconds to import

    run, text = prepared(settings, seed, folder)
    text += f"# measured every {every_steps} steps on {len(samples)} samples\n"
    file = folder / f"seed_{seed}" / MEASUREMENTS_FILE
    watch = PseudoLabelError(
        samples, every_steps=every_steps, batch_size=run.stages[0].batch_size, file=file
    )
    train(run, text, data, seed=seed, callbacks=[watch])
    measurements: list[dict[str, float]] = json.loads(file.read_text())
    return measurements


def prepared(settings: Settings, seed: int, folder: Path) -> tuple[Recipe, str]:
    """The recipe of a part of the run, and its YAML."""
    return make_recipe(settings | {"seeds": [seed], "output_dir": str(folder)})


def train(
    recipe: Recipe, text: str, data: Callable[[str], Dataset[Any]], *, seed: int, **options: Any
) -> None:
    """Train all stages of a recipe, or find them trained.

    Args:
        recipe: The recipe.
        text: The same as YAML.
        data: Returns a data set by its name.
        seed: Seed of the run.
        **options: For `train_stages`.
    """
    from snn_depth.training.callbacks import silence_irrelevant_warnings  # seconds to import
    from snn_depth.training.run import claim_output_folder, train_stages

    silence_irrelevant_warnings()
    folder = Path(recipe.output_dir)
    claim_output_folder(folder, text, resume=True)
    train_stages(recipe, data, text, seed=seed, folder=folder / f"seed_{seed}", **options)


def markdown(measurements: dict[str, list[dict[str, float]]]) -> str:
    """First, best and last errors of every variant as a table.

    Args:
        measurements: By variant.

    Returns:
        Markdown.
    """
    lines = [
        "| variant | pseudo labels learned from: first, lowest, last | all pseudo labels: last "
        "| student: first, lowest, last |",
        "|---|---|---|---|",
    ]
    for variant, rows in measurements.items():
        selected, student = ([row[k] for row in rows] for k in ("selected_abs_rel", "abs_rel"))
        lines.append(
            f"| {variant} | {selected[0]:.3f}, {min(selected):.3f}, {selected[-1]:.3f} "
            f"| {rows[-1]['label_abs_rel']:.3f} "
            f"| {student[0]:.3f}, {min(student):.3f}, {student[-1]:.3f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; None takes the process's own.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    call_from_command_line(self_correction, "python -m benchmarks.self_correction", arguments)


if __name__ == "__main__":
    exit_after(main)

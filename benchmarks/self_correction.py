"""What each safeguard of self-correction is worth: `python -m benchmarks.self_correction`.

The adapting stage of a recipe runs with all safeguards against the accumulation of errors, and
once without each; every few steps the pseudo labels are compared with the target's depth, which
the training never sees.
"""

import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from torch.utils.data import Dataset, Subset

from benchmarks.accuracy.error_plot import save_error_plot
from benchmarks.accuracy.scenario import Scenario, read_scenarios
from benchmarks.accuracy.variants import NETWORKS, changed_stages, varied_stages, with_stages
from benchmarks.bit_widths import spread
from snn_depth.command.exit import run_command
from snn_depth.evaluation.results import write_results
from snn_depth.objectives import SelfCorrectingTeacherStudent

logger = logging.getLogger(__name__)
Measurements = list[dict[str, float]]


def self_correction(
    *,
    recipe: Path,
    output: Path,
    picture: Path,
    seed: int = 0,
    network: Literal["ann", "snn"] = "ann",
    every_steps: int = 10,
    num_samples: int = 64,
    work_dir: Path = Path("runs/stages"),
    variants: str = "safeguards",
) -> None:
    """Run the adapting stage of a recipe as it is, and once with each variant of a group.

    Repeat an interrupted command: what is trained already is kept in `work_dir`.

    Args:
        recipe: A recipe (*.yaml) with variants; the first stage in its `variants_of` with such a
            network is taken.
        output: Results to write (*.json).
        picture: Plot to write (*.png).
        seed: Seed of the run.
        network: Which network adapts: the spiking student (snn) or its ANN twin (ann).
        every_steps: Optimiser steps between two measurements.
        num_samples: Target samples that are measured, spread over all of them.
        work_dir: Store of trained stages, which benchmarks.accuracy and snn_depth.train share.
        variants: Group of the recipe's variants: each lacks one safeguard.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    (scenario,) = read_scenarios([recipe])
    stage_name = adapting_stage(scenario, network)
    data = cache(lambda name: scenario.recipe.data[name]())
    target_name = scenario.recipe.stages[stage_name].target_data
    assert target_name is not None  # the recipe has checked it
    samples = spread(data(target_name), num_samples)
    measurements: dict[str, Measurements] = {}
    for variant, changed in scenario_variants(scenario, stage_name, variants).items():
        measurements[variant] = measure_variant(
            changed,
            stage_name,
            data,
            samples,
            seed=seed,
            every_steps=every_steps,
            work_dir=work_dir,
        )
        logger.info("%s: %s", variant, measurements[variant][-1])
    about = {"scenario": scenario.name, "network": network, "seed": seed, "alignment": "none"}
    rows = [
        about
        | {"method": variant, "step": row["step"], "num_samples": num_samples}
        | {"metrics": {name: value for name, value in row.items() if name != "step"}}
        for variant, variant_rows in measurements.items()
        for row in variant_rows
    ]
    write_results(output, output.stem, rows)
    title = f"{scenario.name}, {network}, seed {seed}: without one of the {variants} each"
    save_error_plot(picture, measurements, title=title)
    print(markdown(measurements))


def adapting_stage(scenario: Scenario, network: str) -> str:
    """Name of the stage that is measured: the first with such a network that the variants change.

    Raises:
        ValueError: When there is none, or it learns from no pseudo labels.
    """
    stages = varied_stages(scenario, network)
    objective = scenario.recipe.stages[stages[0]].objective() if stages else None
    if not isinstance(objective, SelfCorrectingTeacherStudent) or not objective.pseudo_label_weight:
        raise ValueError(
            f"no stage of {scenario.name} in its variants_of adapts a "
            f"{NETWORKS[network].__name__} with SelfCorrectingTeacherStudent and pseudo labels; it "
            f"has: {', '.join(scenario.recipe.variants_of) or 'none'}"
        )
    return stages[0]


def scenario_variants(scenario: Scenario, stage_name: str, group: str) -> dict[str, Scenario]:
    """The scenario as it is, and with each variant of a group in one of its stages.

    Args:
        scenario: A recipe.
        stage_name: The stage.
        group: Group of its variants.

    Returns:
        Scenarios by what is different, that with nothing left out first; none for a variant that
        changes nothing.
    """
    return {f"all {group}": scenario} | {
        variant.replace("_", " "): with_stages(scenario, {stage_name: settings})
        for variant, settings in changed_stages(scenario, stage_name, group).items()
    }


def measure_variant(
    scenario: Scenario,
    stage_name: str,
    data: Callable[[str], Dataset[Any]],
    samples: Subset[Any],
    *,
    seed: int,
    every_steps: int,
    work_dir: Path,
) -> Measurements:
    """Train one variant and measure it on the way, unless that is done already.

    Args:
        scenario: The recipe with the changed stage.
        stage_name: That stage.
        data: Returns a data set by its name.
        samples: Target samples with depth.
        seed: Seed of the run.
        every_steps: Optimiser steps between two measurements.
        work_dir: Where networks and measurements are kept.

    Returns:
        As `PseudoLabelError.measurements`.
    """
    # The training engine takes seconds to import, and mistakes in a recipe need none.
    from benchmarks.accuracy.pseudo_label_error import PseudoLabelError
    from snn_depth.training.callbacks import silence_irrelevant_warnings
    from snn_depth.training.store import StageStore

    silence_irrelevant_warnings()
    stage = scenario.recipe.stages[stage_name]
    store = StageStore(scenario.digests, data, seed=seed, folder=work_dir)
    # A folder beside the stage's own: a network that is trained already could not be measured.
    name = store.folder(stage_name).parent.name
    folder = work_dir / f"{name}-every-{every_steps}-on-{len(samples)}" / f"seed_{seed}"
    file = folder / "pseudo_label_error.json"
    watch = PseudoLabelError(
        samples, every_steps=every_steps, batch_size=stage.batch_size, file=file
    )
    store.train(stage_name, folder, callbacks=[watch])
    measurements: Measurements = json.loads(file.read_text())
    return measurements


def markdown(measurements: dict[str, Measurements]) -> str:
    """First, lowest and last errors of every variant as a table.

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


if __name__ == "__main__":
    run_command(self_correction)

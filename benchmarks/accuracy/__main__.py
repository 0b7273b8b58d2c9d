"""The accuracy matrix: `python -m benchmarks.accuracy --recipe configs/A.yaml configs/B.yaml`.

Every stage of every recipe is trained for every seed and scored beside the baselines that need no
labels. Recipes that have a stage in common (the same settings, data and predecessors) share the
trained network.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.logging import RichHandler

from benchmarks.accuracy.result_rows import ResultRows, Row
from benchmarks.accuracy.scenario import Scenario, read_scenarios, row_digests
from benchmarks.accuracy.variants import with_variants
from benchmarks.tables import matrix_tables
from snn_depth.command.exit import run_command
from snn_depth.evaluation.results import PLAYBACK_PREFIX, summarize
from snn_depth.files.atomic import atomic_path

logger = logging.getLogger(__name__)
RESULTS = Path(__file__).parents[1] / "results" / "bicross.json"


def accuracy(
    *,
    recipe: Sequence[Path],
    seeds: PositiveInt = 3,
    seed_list: Sequence[NonNegativeInt] = (),
    stages: Sequence[str] = (),
    ablations: bool = False,
    output: Path = RESULTS,
    markdown: Path | None = None,
    work_dir: Path = Path("runs/stages"),
    max_stage_minutes: float = 4.0,
) -> None:
    """Train and score every stage of every recipe for several seeds, and print the table.

    Repeat an interrupted command, or one with more recipes or seeds: rows that are in the results
    already stay, and training continues where it was. Several processes may work at once on the
    same results and folder, for example each with its own --seed-list.

    Args:
        recipe: Recipes (*.yaml); a scenario is called as its file. Seeds and places to write in
            them are not used.
        seeds: Number of seeds, counted from 0.
        seed_list: Seeds by number, in place of --seeds.
        stages: Names of the stages to score; what they need is trained too. Default: all.
        ablations: Score, in place of the recipes' stages, the variants of their ANN twin that they
            declare: its adaptation without each of its parts, say, or with some labels.
        output: Results (*.json). A row is written as soon as it exists; rows of these recipes
            that were made with other settings are replaced, all others stay.
        markdown: File to write the tables into.
        work_dir: Store of trained stages, which snn_depth.train shares.
        max_stage_minutes: A stage whose training takes longer is warned about.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)]
    )
    scenarios = read_scenarios(recipe)
    with_ablations = [with_variants(scenario) for scenario in scenarios]
    results = ResultRows(output, row_digests(with_ablations))
    if ablations:
        check_ablated(scenarios, with_ablations)
        recipe_stages = set(stage_names(scenarios))
        known = [name for name in stage_names(with_ablations) if name not in recipe_stages]
        scenarios = with_ablations
    else:
        known = stage_names(scenarios)
    chosen = check_stages(known, stages)
    results.read()  # a file that is none of ours is noticed now, not after the first training
    # The training engine takes seconds to import. Processes that render the world import this
    # file again, and mistakes on the command line need no engine either.
    from benchmarks.accuracy.matrix import fill_matrix

    fill_matrix(
        scenarios, list(dict.fromkeys(seed_list)) or range(seeds), chosen, results, work_dir
    )
    rows = results.read()
    tables = matrix_tables(summarize(rows))
    if markdown is not None:
        with atomic_path(markdown) as temporary:
            temporary.write_text(tables + "\n")
    print(tables)
    report_training_time(
        [row for row in rows if row["scenario"] in results.scenarios], max_stage_minutes
    )


def stage_names(scenarios: Sequence[Scenario]) -> list[str]:
    """Names of all stages, each once."""
    return list(
        dict.fromkeys(stage.name for one in scenarios for stage in one.recipe.stages.values())
    )


def check_ablated(scenarios: Sequence[Scenario], with_ablations: Sequence[Scenario]) -> None:
    """Make sure that every recipe has something to ablate.

    Args:
        scenarios: The recipes.
        with_ablations: The same, `with_variants`.

    Raises:
        ValueError: When a recipe has none.
    """
    for scenario, with_ablation in zip(scenarios, with_ablations, strict=True):
        if with_ablation is scenario:
            raise ValueError(
                f"{scenario.name} has no variants of an ANN that is scored; accepted with "
                "--ablations: recipes with variants, and such a stage in variants_of"
            )


def check_stages(known: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names of the stages to score.

    Args:
        known: Names to choose from.
        names: Names that the user gave; none means all.

    Returns:
        Names, each of which at least one recipe has.

    Raises:
        ValueError: For a name that no recipe has.
    """
    for name in names:
        if name not in known:
            raise ValueError(f"no recipe has a stage {name!r}; accepted: {', '.join(known)}")
    return list(names or known)


def report_training_time(rows: Sequence[Row], max_stage_minutes: float) -> None:
    """Say which training took longest, and warn where one took too long.

    Args:
        rows: Rows with `train_seconds`.
        max_stage_minutes: The limit.
    """
    # Scenarios share networks, and an RGB network is scored twice: each training counts once.
    trainings = {
        (row["train_seconds"] / 60, row["predictor"].removeprefix(PLAYBACK_PREFIX), row["seed"])
        for row in rows
        if row["train_seconds"] is not None
    }
    listed = [f"{name}, seed {seed}: {m:.1f} min" for m, name, seed in sorted(trainings)]
    if listed:
        logger.info("longest training: %s", listed[-1])
    num_over = sum(minutes > max_stage_minutes for minutes, _, _ in trainings)
    if num_over:
        logger.warning(
            "training took more than %g min: %s", max_stage_minutes, "; ".join(listed[-num_over:])
        )


if __name__ == "__main__":
    run_command(accuracy)

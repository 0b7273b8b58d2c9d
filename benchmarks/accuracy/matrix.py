"""Fill the matrix of scenarios and seeds: train what is missing, score it, keep every row."""

import logging
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from benchmarks.accuracy.result_rows import ResultRows, Row
from benchmarks.accuracy.scenario import Scenario
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.results import current_commit, machine_in_short
from snn_depth.evaluation.scoring import Predictor
from snn_depth.training.callbacks import silence_irrelevant_warnings
from snn_depth.training.recipe import Stage
from snn_depth.training.stage_scoring import (
    MEDIAN_METHODS,
    median_predictors,
    score_predictor,
    stage_predictors,
)
from snn_depth.training.store import StageStore, only_one_process

logger = logging.getLogger(__name__)


def fill_matrix(
    scenarios: Sequence[Scenario],
    seeds: Sequence[int],
    stages: Sequence[str],
    results: ResultRows,
    work_dir: Path,
) -> None:
    """Make the rows that are missing.

    All scenarios are done with one seed before the next seed begins, so that the table is whole
    early and grows in n.

    Args:
        scenarios: The recipes.
        seeds: Seeds of the runs.
        stages: Names of the stages to score.
        results: Where rows are kept.
        work_dir: Where trained networks are kept.
    """
    silence_irrelevant_warnings()
    for seed in seeds:
        for scenario in scenarios:
            logger.info("scenario %s, seed %d", scenario.name, seed)
            fill_scenario(scenario, seed, stages, results, work_dir)


def fill_scenario(
    scenario: Scenario, seed: int, stages: Sequence[str], results: ResultRows, work_dir: Path
) -> None:
    """Make the missing rows of one scenario and seed: the median baselines, then the stages.

    Args:
        scenario: The recipe.
        seed: Seed of the runs.
        stages: Names of the stages to score.
        results: Where rows are kept.
        work_dir: Where trained networks are kept.
    """
    recipe = scenario.recipe

    @cache
    def data(name: str) -> Dataset[Any]:
        # What one process renders, others need not render too.
        lock_file = work_dir / f"data-{scenario.digests.data(name)}.lock"
        with only_one_process(lock_file, f"data set {name}"):
            return recipe.data[name]()

    store = StageStore(scenario.digests, data, seed=seed, folder=work_dir)
    add_missing = partial(add_missing_rows, scenario, seed, results, data)

    def medians() -> tuple[dict[str, Predictor], Row]:
        train_data = data(recipe.first_stage.train_data)
        about: Row = {"train_seconds": None, "machine": machine_in_short()}
        predictors = dict(median_predictors(train_data, scenario.depth_range))
        return predictors, about | {"commit": current_commit()}

    def trained(stage: Stage) -> tuple[dict[str, Predictor], Row]:
        stored = store.stored(stage.name)
        network = NetworkPredictor(store.network(stage.name), stored.data)
        about = {key: stored.provenance.get(key) for key in ("train_seconds", "machine", "commit")}
        return dict(stage_predictors(recipe, stage, network)), about

    add_missing(MEDIAN_METHODS, medians)
    for stage in recipe.stages.values():
        if stage.name in stages:
            add_missing(scenario.methods_of(stage), partial(trained, stage))


def add_missing_rows(
    scenario: Scenario,
    seed: int,
    results: ResultRows,
    data: Callable[[str], Dataset[Any]],
    names: Sequence[str],
    make: Callable[[], tuple[dict[str, Predictor], Row]],
) -> None:
    """Score predictors on the test sets where that is not done yet.

    Args:
        scenario: The recipe.
        seed: Seed of the runs.
        results: Where rows are kept.
        data: Returns a data set by its name.
        names: Of the predictors.
        make: Returns the predictors by name, and what the rows say of their training; called
            only when a row is missing.
    """
    missing = [
        (test, name)
        for test, name in scenario.row_digests
        if name in names and not results.has(scenario.name, test, name, seed)
    ]
    if not missing:
        return
    predictors, about = make()
    for test, name in missing:
        labels: Row = {
            "scenario": scenario.name,
            "test": test,
            "method": name,
            "predictor": name,
            "seed": seed,
            "digest": scenario.row_digests[test, name],
        }
        rows = score_predictor(
            predictors[name],
            data(test),
            scenario.depth_range,
            labels | about,
            crop=scenario.recipe.crop,
        )
        for row in rows:
            if row["network"] == "ann":  # the network says it; a method has one name
                row["method"] = name.removeprefix("ann_")
        results.add(rows)
        logger.info("%s, %s: abs_rel %.3f", test, name, rows[0]["metrics"]["abs_rel"])

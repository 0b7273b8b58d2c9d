"""Run a recipe: train its stages for every seed, score them, write table and pictures."""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.results import summarize, write_results
from snn_depth.files.atomic import atomic_path
from snn_depth.training.callbacks import silence_irrelevant_warnings
from snn_depth.training.checkpoint import load_network
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.processes import process_rank
from snn_depth.training.recipe import Recipe
from snn_depth.training.run_report import print_table, save_panels
from snn_depth.training.stage import NETWORK_FILE, camera_of
from snn_depth.training.stage_scoring import score_stages
from snn_depth.training.store import StageStore, publish

logger = logging.getLogger(__name__)
SETTINGS_FILE = "recipe.yaml"
RESULTS_FILE = "results.json"


def run_recipe(recipe: Recipe, settings: str, *, resume: bool) -> None:
    """Train, score, and write results.

    Args:
        recipe: The recipe.
        settings: The same recipe as YAML text, kept in the output folder.
        resume: Continue an earlier run in the output folder.

    Raises:
        ValueError: When the output folder holds a run and `resume` is not set, or holds one with
            other settings.
    """
    silence_irrelevant_warnings()
    output_dir = Path(recipe.output_dir)
    is_first_process = process_rank(recipe.engine)[0] == 0
    if is_first_process:
        claim_output_folder(output_dir, settings, resume=resume)
    data = cache(lambda name: recipe.data[name]())
    for name in recipe.data_names():
        data(name)  # what is missing shows now and not after hours of training
    digests = RecipeDigests(recipe, settings)
    rows: list[dict[str, Any]] = []
    for seed in recipe.seeds:
        folder = output_dir / f"seed_{seed}"
        store = StageStore(digests, data, seed=seed, folder=recipe.store_folder)
        networks = {}
        for name in recipe.stages:
            networks[name] = store.network(name)
            if is_first_process:
                publish(store.folder(name), folder / name)
        if is_first_process:
            predictors = {
                stage.name: NetworkPredictor(networks[stage.name], camera_of(stage, data))
                for stage in recipe.stages.values()
            }
            for name, file in recipe.compare_with.items():
                stored = load_network(file)
                predictors[name] = NetworkPredictor(stored.network, stored.data)
            rows += score_stages(recipe, predictors, data, seed=seed)
            save_panels(recipe, predictors, data, folder)
    if is_first_process:
        results_file = Path(recipe.results or output_dir / RESULTS_FILE)
        write_results(results_file, results_file.stem, rows)
        print_table(summarize(rows))
        logger.info("results: %s; networks and pictures: %s", results_file, output_dir)


def claim_output_folder(folder: Path, settings: str, *, resume: bool) -> None:
    """Make sure that the output folder is empty or holds the same run.

    Args:
        folder: Output folder.
        settings: The recipe as YAML text.
        resume: Whether a run may be there already.

    Raises:
        ValueError: When it holds a run that may not be continued.
    """
    file = folder / SETTINGS_FILE
    # A run that failed before its first stage was over has left nothing here; what it had trained
    # of that stage is in the store.
    holds_a_run = any(folder.glob(f"seed_*/*/{NETWORK_FILE}"))
    if holds_a_run and not resume:
        raise ValueError(
            f"{folder} already holds a run; continue it with --resume, or choose another "
            "--output_dir"
        )
    if resume:
        before = file.read_text() if file.is_file() else settings
        pairs = zip(before.splitlines(), settings.splitlines(), strict=False)
        different = next((f"{old!r} became {new!r}" for old, new in pairs if old != new), None)
        if before != settings:
            raise ValueError(
                f"{folder} holds a run with other settings ({different or 'more or fewer lines'}); "
                "choose another --output_dir"
            )
    with atomic_path(file) as temporary:
        temporary.write_text(settings)

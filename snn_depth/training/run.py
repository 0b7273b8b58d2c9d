"""Run a recipe: train its stages for every seed, score them, write table and pictures."""

import logging
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback
from torch.utils.data import Dataset

from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.results import current_commit, machine_in_short, summarize, write_results
from snn_depth.files.atomic import atomic_path
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import LoadNetwork
from snn_depth.training.callbacks import silence_irrelevant_warnings
from snn_depth.training.checkpoint import load_network
from snn_depth.training.recipe import Recipe, Stage
from snn_depth.training.run_report import print_table, save_panels
from snn_depth.training.stage import NETWORK_FILE, RESUME_FILE, train_stage
from snn_depth.training.stage_scoring import score_stages

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
    is_first_process = int(os.environ.get("RANK", 0)) == 0
    if is_first_process:
        claim_output_folder(output_dir, settings, resume=resume)
    data = cache(lambda name: recipe.data[name]())
    for name in recipe.data_names():
        data(name)  # what is missing shows now and not after hours of training
    rows: list[dict[str, Any]] = []
    for seed in recipe.seeds:
        folder = output_dir / f"seed_{seed}"
        networks = train_stages(recipe, data, settings, seed=seed, folder=folder)
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


def camera_of(stage: Stage, data: Callable[[str], Dataset[Any]]) -> DataSpec:
    """The camera that a stage's network knows when the stage is over."""
    spec: DataSpec = data(stage.camera_data).spec  # type: ignore[attr-defined]
    return spec


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
    # A run that failed before its first epoch was over has left nothing worth keeping.
    has_work = any(folder.glob(f"seed_*/*/{NETWORK_FILE}")) or any(
        folder.glob(f"seed_*/*/{RESUME_FILE}")
    )
    if has_work:
        if not resume:
            raise ValueError(
                f"{folder} already holds a run; continue it with --resume, or choose another "
                "--output_dir"
            )
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


def train_stages(
    recipe: Recipe,
    data: Callable[[str], Dataset[Any]],
    settings: str,
    *,
    seed: int,
    folder: Path,
) -> dict[str, DepthPredictor]:
    """Train all stages with one seed.

    Args:
        recipe: The recipe.
        data: Returns a data set by its name.
        settings: The recipe as YAML text, stored with the networks.
        seed: Seed of the run.
        folder: Where the stages write, one folder each.

    Returns:
        Trained networks by stage name.
    """
    networks: dict[str, DepthPredictor] = {}

    def load(name: str) -> DepthPredictor:
        return networks[name] if name in networks else load_network(name).network

    for name, stage in recipe.stages.items():
        networks[name] = train_recipe_stage(
            recipe, stage, data, settings, seed=seed, folder=folder / name, load=load
        )
    return networks


def train_recipe_stage(
    recipe: Recipe,
    stage: Stage,
    data: Callable[[str], Dataset[Any]],
    settings: str,
    *,
    seed: int,
    folder: Path,
    load: LoadNetwork,
    callbacks: Sequence[Callback] = (),
) -> DepthPredictor:
    """Train one stage of a recipe, or load it where it is finished.

    Args:
        recipe: The recipe.
        stage: One of its stages.
        data: Returns a data set by its name.
        settings: The recipe as YAML text, stored with the network.
        seed: Seed of the run.
        folder: Where the stage writes.
        load: Returns the network of an earlier stage or of a file.
        callbacks: What else watches the training.

    Returns:
        The trained network.
    """
    return train_stage(
        stage,
        data(stage.train_data),
        data(stage.val_data),
        None if stage.target_data is None else data(stage.target_data),
        spec=camera_of(stage, data),
        seed=seed,
        folder=folder,
        load=load,
        engine=recipe.engine,
        provenance={
            "trained_on": stage.train_data,
            "adapted_to": stage.target_data,
            "commit": current_commit(),
            "machine": machine_in_short(),
            "recipe": settings,
        },
        callbacks=callbacks,
    )

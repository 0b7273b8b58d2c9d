"""The store of trained stages, which recipes, runs and processes share."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from lightning.pytorch.callbacks import Callback
from torch.utils.data import Dataset

from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.results import current_commit, current_date, machine_in_short
from snn_depth.files.atomic import atomic_path
from snn_depth.models.predictor import DepthPredictor
from snn_depth.training.checkpoint import (
    LoadedNetwork,
    copy_weights,
    load_any_network,
    load_network,
    save_network,
)
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.processes import agree, process_rank
from snn_depth.training.recipe import Recipe, Stage, needed_networks, stage_of
from snn_depth.training.stage import NETWORK_FILE, camera_of, train_stage

logger = logging.getLogger(__name__)
POLL_INTERVAL_S = 1.0


class StageStore:
    """The networks of one recipe and seed, each trained when it is first asked for.

    A network is kept in `<stage>-<digest>/seed_<seed>`, so that whatever asks for the same network
    finds it. While one process trains it, others wait.

    Args:
        digests: Of the recipe.
        data: Returns a data set by its name.
        seed: Seed of the run.
        folder: Of the store.
    """

    def __init__(
        self,
        digests: RecipeDigests,
        data: Callable[[str], Dataset[Any]],
        *,
        seed: int,
        folder: Path,
    ) -> None:
        self.digests, self.data, self.seed, self.store_folder = digests, data, seed, folder
        self._networks: dict[str, DepthPredictor] = {}

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.digests.recipe

    def folder(self, name: str) -> Path:
        """Where a stage's network is kept."""
        return self.store_folder / f"{name}-{self.digests.stage(name)}" / f"seed_{self.seed}"

    def network(self, name: str) -> DepthPredictor:
        """A stage's trained network, in evaluation mode on the CPU; trained where it is missing."""
        if name not in self._networks:
            self._networks[name] = self.train(name, self.folder(name))
        return self._networks[name]

    def train(self, name: str, folder: Path, callbacks: Sequence[Callback] = ()) -> DepthPredictor:
        """Train a stage into any folder; the networks that it needs are trained before.

        Args:
            name: Name of the stage.
            folder: Where it writes; a network that is there already is only loaded.
            callbacks: What else watches the training.

        Returns:
            The network, in evaluation mode on the CPU.
        """
        stage, engine = self.recipe.stages[name], self.recipe.engine
        rank, num_ranks = process_rank(engine)
        for needed in needed_networks(stage, stage.objective()):
            self.load(needed)
        camera = camera_of(stage, self.data)
        lock_file = folder.with_suffix(".lock")
        with only_one_process(lock_file, f"stage {name}, seed {self.seed}", rank, num_ranks):
            if agree((folder / NETWORK_FILE).is_file(), engine):
                return finished_network(stage, folder / NETWORK_FILE, camera, is_first=rank == 0)
            return train_stage(
                stage,
                self.data(stage.train_data),
                self.data(stage.val_data),
                None if stage.target_data is None else self.data(stage.target_data),
                spec=camera,
                seed=self.seed,
                folder=folder,
                load=self.load,
                engine=engine,
                provenance={
                    "trained_on": stage.train_data,
                    "adapted_to": stage.target_data,
                    "commit": current_commit(),
                    "date": current_date(),
                    "machine": machine_in_short(),
                    "recipe": self.digests.text,
                },
                callbacks=callbacks,
            )

    def load(self, name: str) -> Any:
        """A stage's network, one that its objective has saved as `stage/name`, or a checkpoint."""
        if name in self.recipe.stages:
            return self.network(name)
        stage = stage_of(name, self.recipe.stages)
        if stage is None:
            return load_any_network(name)[0]
        self.network(stage)
        own = name.removeprefix(f"{stage}/")
        return load_any_network(self.folder(stage) / f"{own}.safetensors")[0]

    def stored(self, name: str) -> LoadedNetwork:
        """A stage's trained network as stored, with how it came about."""
        self.network(name)
        return load_network(self.folder(name) / NETWORK_FILE)


def finished_network(
    stage: Stage, file: Path, camera: DataSpec, *, is_first: bool = True
) -> DepthPredictor:
    """The network of a stage that was trained before; it is said when and with which code.

    Args:
        stage: The stage.
        file: Its network.
        camera: What it knows; earlier versions stored the source's with every network.
        is_first: Whether this process corrects the file.
    """
    loaded = load_network(file)
    commit, now = loaded.provenance.get("commit"), current_commit()
    date = loaded.provenance.get("date", "at an unknown time")
    logger.info("stage %s: trained %s at commit %s (%s)", stage.name, date, commit, file)
    # Of uncommitted code nobody knows whether it is the same.
    if commit != now or now is None or now.endswith("-dirty"):
        logger.warning(
            "stage %s was trained at commit %s, and the code is at %s: whether that changes the "
            "network is not known; remove %s to train it anew",
            stage.name,
            commit,
            now,
            file.parent,
        )
    if loaded.data != camera and is_first:
        logger.warning("%s: its camera was %s and is now %s", file, loaded.data, camera)
        save_network(file, loaded.network, camera, loaded.provenance)
    # Not what the file names: a stage's own network may compute otherwise with these weights.
    network = stage.network()
    copy_weights(loaded.network, network)
    return network.eval()


def publish(source: Path, target: Path) -> None:
    """Show a trained stage's networks in another folder too: by hard links, or copies.

    Args:
        source: Folder of the stage in the store.
        target: Folder of the stage in a run.

    Raises:
        OSError: When the files cannot be written.
    """
    for file in source.glob("*.safetensors"):
        with atomic_path(target / file.name) as temporary:
            try:
                os.link(file, temporary)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(file, temporary)


@contextmanager
def only_one_process(
    lock_file: Path, work: str, rank: int = 0, num_ranks: int = 1
) -> Iterator[None]:
    """Wait until no other run does the same; the lock of a killed process is free.

    Args:
        lock_file: File to lock; its folder is made.
        work: What is done, for messages.
        rank: Number of this process; the first one locks for all that work together.
        num_ranks: How many these are.

    Raises:
        ValueError: When another run has it and several processes would have to wait together.
    """
    if rank:
        yield
        return
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if num_ranks > 1:
            raise ValueError(
                f"{work}: another run is at it ({lock_file}); start again with --resume when it "
                "is over, or with another --store and --output_dir"
            ) from None
        logger.info("%s: another process is at it; waiting (%s)", work, lock_file)
        lock.acquire(poll_interval=POLL_INTERVAL_S)
    try:
        yield
    finally:
        lock.release()

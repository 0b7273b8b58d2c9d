"""Trained networks that recipes and processes share."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from lightning.pytorch.callbacks import Callback
from torch.utils.data import Dataset

from benchmarks.accuracy.scenario import Scenario
from snn_depth.models.predictor import DepthPredictor
from snn_depth.training.checkpoint import LoadedNetwork, load_network
from snn_depth.training.run import train_recipe_stage
from snn_depth.training.stage import NETWORK_FILE

logger = logging.getLogger(__name__)
POLL_INTERVAL_S = 1.0


class SharedStages:
    """The networks of one scenario and seed, each trained when it is first asked for.

    A network is kept in `<stage>-<digest>/seed_<seed>`, so that whatever asks for the same
    network finds it. While one process trains it, others wait.

    Args:
        scenario: The recipe.
        data: Returns a data set by its name.
        seed: Seed of the run.
        work_dir: Parent of the networks' folders.
    """

    def __init__(
        self,
        scenario: Scenario,
        data: Callable[[str], Dataset[Any]],
        *,
        seed: int,
        work_dir: Path,
    ) -> None:
        self.scenario, self.data, self.seed, self.work_dir = scenario, data, seed, work_dir
        self._networks: dict[str, DepthPredictor] = {}

    def folder(self, name: str) -> Path:
        """Where a stage's network is kept."""
        return self.work_dir / f"{name}-{self.scenario.stage_digest(name)}" / f"seed_{self.seed}"

    def network(self, name: str) -> DepthPredictor:
        """A stage's trained network; the networks that it needs are trained before.

        Args:
            name: Name of the stage.

        Returns:
            The network, in evaluation mode on the CPU.
        """
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
        stage = self.scenario.stage(name)
        for needed in self.scenario.needed_networks(stage):
            self.load(needed)
        with only_one_process(folder.with_suffix(".lock"), f"stage {name}, seed {self.seed}"):
            return train_recipe_stage(
                self.scenario.recipe,
                stage,
                self.data,
                self.scenario.text,
                seed=self.seed,
                folder=folder,
                load=self.load,
                callbacks=callbacks,
            )

    def load(self, name: str) -> DepthPredictor:
        """The network of a stage, or of a file.

        Args:
            name: Name of a stage or path of a checkpoint.
        """
        if self.scenario.has_stage(name):
            return self.network(name)
        return load_network(name).network

    def stored(self, name: str) -> LoadedNetwork:
        """A stage's trained network as stored, with how it came about."""
        self.network(name)
        return load_network(self.folder(name) / NETWORK_FILE)


@contextmanager
def only_one_process(lock_file: Path, work: str) -> Iterator[None]:
    """Wait until no other process does the same; the lock of a killed process is free.

    Args:
        lock_file: File to lock; its folder is made.
        work: What is done, for the message to those who wait.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info("%s: another process is at it; waiting (%s)", work, lock_file)
        lock.acquire(poll_interval=POLL_INTERVAL_S)
    try:
        yield
    finally:
        lock.release()

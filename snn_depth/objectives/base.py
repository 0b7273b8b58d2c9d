"""The interface of an objective: what one training stage optimises."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor

Batch = dict[str, Any]
LoadNetwork = Callable[[str], DepthPredictor]


class Objective(nn.Module):
    """Composes losses and teachers; holds the parameters that exist only during training.

    Attributes:
        needs_target: Whether it reads `batch["target"]`: its stage must then name `target_data`.
    """

    needs_target: bool = False

    @property
    def leaves_statistics(self) -> bool:
        """Whether the network's batch normalisations fit its weights when the stage is over."""
        return True

    @property
    def needs(self) -> tuple[str, ...]:
        """Networks that `setup` will load: names of earlier stages, or checkpoint files."""
        return ()

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Prepare for training `network`; called once, before the optimiser is made.

        Args:
            network: The network of this stage.
            load: Returns the trained network of an earlier stage by its name, or one from a
                checkpoint file by its path.
        """

    @abstractmethod
    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Loss terms of one batch, already weighted; their sum is minimised.

        Args:
            network: The network of this stage.
            batch: As `snn_depth.data.sets.recording_dataset.collate` makes it.

        Returns:
            Named 0-dim tensors.
        """

    def after_optimizer_step(self, network: DepthPredictor) -> None:
        """Called once after every optimiser step (not after every micro-batch).

        Args:
            network: The network of this stage.
        """


def predict(network: nn.Module, batch: Batch, **options: Any) -> DepthPrediction:
    """Run a network on the part of the batch that it reads.

    Args:
        network: Depth network with an `input_key`.
        batch: The batch.
        **options: Passed on to the network.

    Returns:
        The prediction.

    Raises:
        ValueError: When the batch lacks that part.
    """
    prediction: DepthPrediction = network(part_of(batch, str(network.input_key)), **options)
    return prediction


def part_of(batch: Batch, key: str) -> Tensor:
    """One part of a batch.

    Args:
        batch: The batch.
        key: Name of the part.

    Returns:
        The part.

    Raises:
        ValueError: When the data does not have it, or hides it because it is a target's.
    """
    if key not in batch:
        is_target = "strong_spikes" in batch
        hidden = "; what else a target sample has is hidden during adaptation" if is_target else ""
        raise ValueError(f"{key!r} is needed, but the data has only {sorted(batch)}{hidden}")
    part: Tensor = batch[key]
    return part


def target_of(batch: Batch) -> Batch:
    """The unlabelled target's part of a batch.

    Args:
        batch: The batch.

    Returns:
        A batch of its own.

    Raises:
        ValueError: When the stage has no target.
    """
    if "target" not in batch:
        raise ValueError("this objective adapts to a target; name its data in `target_data`")
    target: Batch = batch["target"]
    return target

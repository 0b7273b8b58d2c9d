"""The interface of an objective: what one training stage optimises."""

from abc import abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from snn_depth.data.sample import Batch, Target
from snn_depth.models.predictor import DepthPredictor, StorableNetwork

LoadNetwork = Callable[[str], DepthPredictor]


class Objective(nn.Module):
    """Composes losses and teachers; holds the parameters that exist only during training.

    Attributes:
        needs_target: Whether it reads `batch.target`: its stage must then name `target_data`.
    """

    needs_target: bool = False

    @property
    def leaves_statistics(self) -> bool:
        """Whether the network's batch normalisations fit its weights when the stage is over."""
        return True

    @property
    def needs(self) -> tuple[str, ...]:
        """Networks that `setup` will load: an earlier stage, `stage/name`, or a checkpoint file."""
        return ()

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        """Prepare for training `network`; called once, before the optimiser is made.

        Args:
            network: The network of this stage.
            load: Returns the trained network of an earlier stage by its name, one that the stage's
                objective has saved by `stage/name`, or one from a checkpoint file by its path.
        """

    @abstractmethod
    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Loss terms of one batch by name, 0-dim and weighted; their sum is minimised."""

    def networks(self) -> dict[str, StorableNetwork]:
        """Its own networks that outlive training, by name; they are submodules of the objective.

        Each is saved beside the stage's network as `<name>.safetensors`, and later stages load it
        as `stage/name`.
        """
        return {}

    def after_optimizer_step(self, network: DepthPredictor) -> None:
        """Called once after every optimiser step (not after every micro-batch)."""


def target_of(batch: Batch) -> Target[Batch]:
    """The unlabelled target beside a batch.

    Raises:
        ValueError: When the stage has no target.
    """
    if batch.target is None:
        raise ValueError("this objective adapts to a target; name its data in `target_data`")
    return batch.target

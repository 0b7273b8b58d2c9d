"""What every depth network offers, spiking student and large RGB teacher alike."""

from abc import abstractmethod
from typing import Any

from torch import Tensor, nn

from snn_depth.data.sample import SPIKES, Batch, View
from snn_depth.models.depth_decoding import DepthRange


class StorableNetwork(nn.Module):
    """A network that a file can hold: its class and arguments rebuild it.

    Attributes:
        init_args: Arguments of `stored_as` that rebuild the architecture, JSON types only.
    """

    init_args: dict[str, Any]

    @property
    def stored_as(self) -> type["StorableNetwork"]:
        """Class that a file names and `init_args` belong to.

        Another one for a network that differs in how it is trained, not in what it is.
        """
        return type(self)


class DepthPredictor(StorableNetwork):
    """A network from one part of a batch to a `DepthPrediction`.

    Its `forward(x, *, taps=())` returns the prediction with the features of the taps.

    Attributes:
        input_key: Sensor that the network reads: "spikes" or "rgb".
        depth_range: Depths that it can express.
        max_stride: The sides of its input are padded to a multiple of this.
    """

    input_key: str
    depth_range: DepthRange
    max_stride: int = 1

    @property
    def reads_spikes(self) -> bool:
        """Whether its input is spike counts (T, B, 1, H, W); else a picture (B, 3, H, W)."""
        return self.input_key == SPIKES

    def view(self, batch: Batch) -> View:
        """The view that it reads, and whose depth it predicts.

        Raises:
            ValueError: When the data does not have it, or hides it.
        """
        return batch[self.input_key]

    def read(self, batch: Batch) -> Tensor:
        """What `forward` takes: counts (T, B, 1, H, W), or a picture (B, 3, H, W) in 0..1.

        Raises:
            ValueError: When the data does not have it, or hides it.
        """
        return self.view(batch).image

    def state_from(self, source: nn.Module) -> dict[str, Tensor]:
        """State that this network has when it starts from another one.

        Args:
            source: The other network.

        Returns:
            The state of `source`, and what a network like this may have beyond it.
        """
        return dict(source.state_dict())

    @property
    @abstractmethod
    def feature_channels(self) -> dict[str, int]:
        """Channels of every tap that can be asked for."""

    def summary(self, height: int, width: int) -> str:
        """One line on size, printed before training.

        Args:
            height: Rows of the input.
            width: Columns of the input.

        Returns:
            The line.
        """
        return f"{sum(p.numel() for p in self.parameters()):,} parameters"

"""What every large RGB teacher has in common: checks, normalisation, taps."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from snn_depth.data.sample import RGB
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor


class RgbTeacher(DepthPredictor):
    """An RGB depth network that stands in for the project's own (`AnnDepthNet`).

    Taps are named like the student's populations on the same grid ("enc3b", "dec2": one cell per
    16 and 8 pixels), so that a distillation objective can pair them without knowing the teacher.

    Args:
        mean: Channel means of the encoder's training images, RGB in 0..1.
        std: Their standard deviations.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.

    Attributes:
        init_args: Arguments that rebuild the architecture without any weight file.
    """

    input_key = RGB
    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], min_depth_m: float, max_depth_m: float
    ) -> None:
        super().__init__()
        self.depth_range = DepthRange(min_depth_m, max_depth_m)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    @abstractmethod
    def predict(self, x: Tensor) -> DepthPrediction:
        """Depth of normalised RGB (B, 3, H, W) of any height and width, with all taps.

        Depth and uncertainty are (B, 1, H, W); a tap with one cell per s x s pixels has
        ceil(H / s) x ceil(W / s) cells.
        """

    def forward(self, rgb: Tensor, *, taps: Sequence[str] = ()) -> DepthPrediction:
        """Depth of images (B, 3, H, W) in 0..1, any height and width; `features` are the taps only.

        Raises:
            ValueError: For an input of the wrong shape or an unknown tap.
        """
        if rgb.ndim != 4 or rgb.shape[1] != 3:
            raise ValueError(f"rgb input has shape {tuple(rgb.shape)}; expected (B, 3, H, W)")
        unknown = set(taps) - set(self.feature_channels)
        if unknown:
            raise ValueError(
                f"unknown taps {sorted(unknown)}; accepted: {list(self.feature_channels)}"
            )
        prediction = self.predict((rgb - self.mean) / self.std)
        prediction.features = {tap: prediction.features[tap] for tap in taps}
        return prediction

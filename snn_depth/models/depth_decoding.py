"""From the readout's numbers to metric depth and uncertainty (computed off the chip)."""

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class DepthRange:
    """The depths, in metres, that a network can express.

    Raises:
        ValueError: Unless 0 < min_depth_m < max_depth_m.
    """

    min_depth_m: float = 1.0
    max_depth_m: float = 80.0

    def __post_init__(self) -> None:
        if not 0 < self.min_depth_m < self.max_depth_m:
            raise ValueError(
                f"depth range {self.min_depth_m}..{self.max_depth_m} m; "
                "accepted: 0 < min_depth_m < max_depth_m"
            )

    def decode(self, logit: Tensor) -> Tensor:
        """Depth in metres from the readout: 1 / (a softplus(logit) + b), clamped to the range.

        b = 1 / max_depth_m, and a puts logit 0 at the geometric mean of the range.
        """
        farthest = 1.0 / self.max_depth_m
        middle = 1.0 / math.sqrt(self.min_depth_m * self.max_depth_m)
        scale = (middle - farthest) / math.log(2.0)
        inverse_depth = scale * F.softplus(logit) + farthest
        return (1.0 / inverse_depth).clamp(self.min_depth_m, self.max_depth_m)


def decode_uncertainty(logit: Tensor) -> Tensor:
    """Learned relative error in 0..1 from the readout of its channel."""
    return logit.sigmoid()

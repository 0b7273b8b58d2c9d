"""What a projection of the graph is in torch."""

from torch import nn

from snn_depth.models.graph import Projection
from snn_depth.models.upsampled_conv import UpsampledConv2d


class ProjectionLayer(nn.Sequential):
    """Convolution and batch normalisation; folds into one (transposed) convolution."""

    def __init__(
        self, projection: Projection, num_in: int, num_out: int, *, normalise: bool, gain: float
    ) -> None:
        kernel_size = projection.kernel_size
        convolution = UpsampledConv2d if projection.upsample == 2 else nn.Conv2d
        layers: list[nn.Module] = [
            convolution(
                num_in,
                num_out,
                kernel_size,
                projection.stride,
                padding=kernel_size // 2,
                bias=not normalise,
            )
        ]
        if normalise:
            norm = nn.BatchNorm2d(num_out)
            nn.init.constant_(norm.weight, gain)
            layers.append(norm)
        super().__init__(*layers)

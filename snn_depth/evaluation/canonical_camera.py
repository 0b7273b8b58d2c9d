"""Bring any recording to the training camera, and its depth back.

A network that learned depth from one camera has learned its focal length: seen through a lens
twice as long, everything looks half as far. Resampling the input by f_train / f_recording makes
the focal lengths agree, so that its metres hold without rescaling ("canonical camera":
Yin et al. 2023, Metric3D, arXiv 2307.10984, their CSTM_image).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.spec import DataSpec
from snn_depth.geometry.resampling import resample_area
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor

# Below this, the network's coarsest grid has a single cell.
MIN_SIDE_PX = 16
# Above this, a focal length in the wrong unit is more likely than a camera that coarse.
MAX_MAGNIFICATION = 8.0


@dataclass(frozen=True)
class CanonicalCamera:
    """Sizes of a recording's own pictures and of what the network is shown.

    Attributes:
        recording_size: Height and width of the recording in pixels.
        network_size: Height and width of the resampled input in pixels.
        is_metric: Whether the focal lengths are known and agree; if not, metres assume that the
            recording's field of view per row is that of the training camera.
    """

    recording_size: tuple[int, int]
    network_size: tuple[int, int]
    is_metric: bool

    def to_network(self, x: Tensor) -> Tensor:
        """Resample counts or pictures by area to the network's size.

        Args:
            x: Spike counts or intensities, shape (..., H, W) at the recording's size.

        Returns:
            Means over the area of each new pixel, shape (..., h, w).
        """
        return resample_area(x, self.network_size)

    def to_recording(self, depth_m: Tensor) -> Tensor:
        """Resize depth to the recording's size, bilinearly in inverse depth.

        Inverse depth is what is linear across the picture of a plane; depth is not.

        Args:
            depth_m: Depth in metres, shape (B, 1, h, w) at the network's size.

        Returns:
            Depth in metres, shape (B, 1, H, W).
        """
        return 1 / self._resize(1 / depth_m)

    def _resize(self, x: Tensor) -> Tensor:
        return F.interpolate(x.float(), self.recording_size, mode="bilinear", align_corners=False)

    @torch.inference_mode()
    def run(self, network: DepthPredictor, x: Tensor) -> DepthPrediction:
        """Run a network on the recording's pictures.

        Args:
            network: Depth network, on any device.
            x: Its input at the recording's size, shape (T, B, 1, H, W) or (B, 3, H, W).

        Returns:
            The prediction on the CPU, depth and uncertainty at the recording's size.
        """
        device = next(network.parameters()).device
        prediction = network(self.to_network(x.to(device)))
        return DepthPrediction(
            self.to_recording(prediction.depth_m).cpu(),
            self._resize(prediction.uncertainty).cpu(),
            firing_rates={name: rate.cpu() for name, rate in prediction.firing_rates.items()},
        )

    def describe(self) -> str:
        """What was assumed about the camera, in one sentence for the user."""
        (height, width), (h, w) = self.recording_size, self.network_size
        sizes = f"{height} x {width} resampled to {h} x {w}"
        if self.is_metric:
            return f"{sizes}, so that the focal lengths agree"
        return f"{sizes}; focal length unknown, so metres assume the training camera"


def canonical_camera(
    height: int, width: int, focal_lengths_px: tuple[float, float] | None, data: DataSpec
) -> CanonicalCamera:
    """Find the size at which a recording looks as if the training camera had taken it.

    Without a focal length on either side, the height becomes the training height, and the
    aspect ratio stays.

    Args:
        height: Rows of the recording.
        width: Columns of the recording.
        focal_lengths_px: Horizontal and vertical focal length (fx, fy) in pixels of the
            recording; None if unknown.
        data: What the network was trained for.

    Returns:
        The camera.

    Raises:
        ValueError: When a focal length is not positive, or so far from the training camera's
            that it must be in another unit.
    """
    is_metric = focal_lengths_px is not None and data.focal_length_px > 0
    if focal_lengths_px is not None and min(focal_lengths_px) <= 0:
        raise ValueError(f"focal lengths {focal_lengths_px} px; accepted: positive numbers")
    if focal_lengths_px is not None and is_metric:
        fx, fy = focal_lengths_px
        x_scale, y_scale = data.focal_length_px / fx, data.focal_length_px / fy
    else:
        x_scale = y_scale = data.height / height
    size = (round(height * y_scale), round(width * x_scale))
    if is_metric and (min(size) < MIN_SIDE_PX or max(x_scale, y_scale) > MAX_MAGNIFICATION):
        raise ValueError(
            f"focal lengths {focal_lengths_px} px would resample the recording from "
            f"{height} x {width} to {size[0]} x {size[1]} pixels for a network trained with "
            f"{data.focal_length_px:g} px; give focal lengths in pixels of the recording"
        )
    return CanonicalCamera((height, width), (max(size[0], 1), max(size[1], 1)), is_metric)

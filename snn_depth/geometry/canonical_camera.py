"""Bring any recording to the training camera, and its depth back.

A network that learned depth from one camera has learned its focal length: seen through a lens
twice as long, everything looks half as far. Resampling the input by f_train / f_recording makes
the focal lengths agree, so that its metres hold without rescaling ("canonical camera":
Yin et al. 2023, Metric3D, arXiv 2307.10984, their CSTM_image).
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from snn_depth.geometry.resampling import resample_area

# Below this, the network's coarsest grid has a single cell.
MIN_SIDE_PX = 16
# Above this, a focal length in the wrong unit is more likely than a camera that coarse.
MAX_MAGNIFICATION = 8.0

FocalLengths = tuple[float, float]  # horizontal and vertical, in pixels


@dataclass(frozen=True)
class CanonicalCamera:
    """Sizes (height, width) of a recording's own pictures and of what the network is shown.

    Attributes:
        is_metric: Whether the focal lengths are known and agree; if not, metres assume that the
            recording's field of view per row is that of the training camera.
    """

    recording_size: tuple[int, int]
    network_size: tuple[int, int]
    is_metric: bool

    def to_network(self, x: Tensor) -> Tensor:
        """Means of counts or pictures (..., H, W) over the area of each new pixel."""
        return resample_area(x, self.network_size)

    def to_recording(self, depth_m: Tensor) -> Tensor:
        """Depth (B, 1, h, w) at the recording's size, bilinear in inverse depth.

        Inverse depth is what is linear across the picture of a plane; depth is not.
        """
        if depth_m.shape[-2:] == self.recording_size:
            return depth_m  # exactly, without two roundings
        return 1 / self.enlarged(1 / depth_m)

    def enlarged(self, x: Tensor) -> Tensor:
        """A map (B, 1, h, w) at the recording's size, bilinear."""
        return F.interpolate(x.float(), self.recording_size, mode="bilinear", align_corners=False)

    def describe(self) -> str:
        """What was assumed about the camera, in one sentence for the user."""
        (height, width), (h, w) = self.recording_size, self.network_size
        sizes = f"{height} x {width} resampled to {h} x {w}"
        if self.is_metric:
            return f"{sizes}, so that the focal lengths agree"
        return f"{sizes}; focal length unknown, so metres assume the training camera"


def canonical_camera(
    recording_size: tuple[int, int],
    focal_lengths_px: FocalLengths | None,
    *,
    training_height: int,
    training_focal_lengths_px: FocalLengths | None,
) -> CanonicalCamera:
    """Find the size at which a recording looks as if the training camera had taken it.

    Where a focal length is None (unknown) on either side, the height becomes the training height,
    and the aspect ratio stays.

    Raises:
        ValueError: When a focal length is not positive, or so far from the training camera's
            that it must be in another unit.
    """
    height, width = recording_size
    if focal_lengths_px is not None and min(focal_lengths_px) <= 0:
        raise ValueError(f"focal lengths {focal_lengths_px} px; accepted: positive numbers")
    if focal_lengths_px is None or training_focal_lengths_px is None:
        scale = training_height / height
        size = (max(round(height * scale), 1), max(round(width * scale), 1))
        return CanonicalCamera(recording_size, size, is_metric=False)
    x_scale, y_scale = (
        trained / own
        for trained, own in zip(training_focal_lengths_px, focal_lengths_px, strict=True)
    )
    size = (round(height * y_scale), round(width * x_scale))
    if min(size) < MIN_SIDE_PX or max(x_scale, y_scale) > MAX_MAGNIFICATION:
        raise ValueError(
            f"focal lengths {focal_lengths_px} px would resample the recording from "
            f"{height} x {width} to {size[0]} x {size[1]} pixels for a network trained with "
            f"{training_focal_lengths_px[0]:g} px; give focal lengths in pixels of the recording"
        )
    return CanonicalCamera(recording_size, size, is_metric=True)

"""Image regions that published depth benchmarks cut out or evaluate on."""

from typing import Literal

import torch
from torch import Tensor

EvaluationCrop = Literal["none", "garg", "eigen", "nyu"]

# (top, bottom, left, right) as fractions of the image's height and width.
_FRACTIONS: dict[str, tuple[float, float, float, float]] = {
    "none": (0.0, 1.0, 0.0, 1.0),
    # Garg et al. 2016 (arXiv 1603.04992): where KITTI's lidar reaches.
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    # Eigen et al. 2014 (arXiv 1406.2283).
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
    # Rows 45..470 and columns 41..600 of NYUv2's 480 x 640: its images have a white border.
    "nyu": (45 / 480, 471 / 480, 41 / 640, 601 / 640),
}

# Height and width of the crop that KITTI's depth benchmark is distributed with.
KITTI_BENCHMARK_SIZE = (352, 1216)
# The centre-bottom part of half-resolution DrivingStereo that BiCross (arXiv 2208.12527) uses.
DRIVING_STEREO_SIZE = (384, 864)


def evaluation_crop_mask(
    crop: EvaluationCrop, height: int, width: int, device: torch.device | str | None = None
) -> Tensor:
    """Mask of the pixels that a benchmark evaluates on.

    Bounds are rounded down to whole pixels, as the benchmarks' own programs do.

    Args:
        crop: "none", "garg", "eigen" or "nyu".
        height: Image height in pixels.
        width: Image width in pixels.
        device: Where the mask is made.

    Returns:
        Boolean tensor of shape (height, width).

    Raises:
        ValueError: Unknown crop.
    """
    if crop not in _FRACTIONS:
        raise ValueError(f"unknown crop {crop!r}; choose one of {', '.join(_FRACTIONS)}")
    top, bottom, left, right = _FRACTIONS[crop]
    mask = torch.zeros(height, width, dtype=torch.bool, device=device)
    rows = slice(_whole(top * height), _whole(bottom * height))
    columns = slice(_whole(left * width), _whole(right * width))
    mask[rows, columns] = True
    return mask


def bottom_center_crop_offset(
    height: int, width: int, crop_height: int, crop_width: int
) -> tuple[int, int]:
    """Top-left corner of a crop that sits at the bottom, centred in width.

    With `KITTI_BENCHMARK_SIZE` this is the "KB crop". Subtract the offset from the principal
    point of the intrinsics when an image is cropped: ``cx - left``, ``cy - top``.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        crop_height: Height of the crop in pixels.
        crop_width: Width of the crop in pixels.

    Returns:
        Row `top` and column `left` of the crop's first pixel.

    Raises:
        ValueError: The crop is larger than the image.
    """
    if crop_height > height or crop_width > width:
        raise ValueError(
            f"cannot crop {crop_height} x {crop_width} from an image of {height} x {width} pixels"
        )
    return height - crop_height, (width - crop_width) // 2


def _whole(value: float) -> int:
    # 41 / 640 * 640 may fall just below 41 in floating point.
    return int(value + 1e-9)

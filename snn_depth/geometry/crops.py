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


def _whole(value: float) -> int:
    # 41 / 640 * 640 may fall just below 41 in floating point.
    return int(value + 1e-9)

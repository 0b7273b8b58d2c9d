"""Pictures at another size."""

import torch
from torch import Tensor


def resample_area(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample pictures so that each new pixel is the mean over the area that it covers.

    Exact for any ratio, up or down: old pixels at the border of a new one count by their overlap.
    The mean of the picture is kept, so that spike counts stay counts per pixel.

    Args:
        x: Shape (..., H, W).
        size: New height and width.

    Returns:
        Shape (..., *size), in `x`'s dtype if floating, else float32.
    """
    x = x if x.is_floating_point() else x.float()
    if x.shape[-2:] == size:
        return x
    rows = _overlaps(x.shape[-2], size[0]).to(x)
    columns = _overlaps(x.shape[-1], size[1]).to(x)
    return rows @ x @ columns.T


def centred_crop(old_size: tuple[int, int], new_size: tuple[int, int]) -> tuple[slice, slice]:
    """The largest window in the middle of a picture that has another picture's shape.

    Resampled to `new_size`, its pixels stay square.

    Args:
        old_size: Height and width of the picture.
        new_size: Height and width whose ratio counts.

    Returns:
        Its rows and columns.
    """
    scale = min(old_size[0] / new_size[0], old_size[1] / new_size[1])
    windows = []
    for old, new in zip(old_size, new_size, strict=True):
        length = min(old, max(1, round(new * scale)))
        start = (old - length) // 2
        windows.append(slice(start, start + length))
    return windows[0], windows[1]


def _overlaps(num_old: int, num_new: int) -> Tensor:
    """Share of each old pixel in each new one, shape (num_new, num_old); rows add up to 1."""
    ratio = num_old / num_new
    start = torch.arange(num_new, dtype=torch.float64)[:, None] * ratio
    old = torch.arange(num_old, dtype=torch.float64)
    overlap = torch.minimum(start + ratio, old + 1) - torch.maximum(start, old)
    return overlap.clamp(min=0) / ratio

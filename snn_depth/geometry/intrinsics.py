"""Intrinsic matrices: where they are read, and what changes of the picture do to them.

Pixel centres lie at integer coordinates, so that a picture's corner is at (-0.5, -0.5). The
functions that change intrinsics take numpy or torch matrices, (3, 3) or batched, in pixels.
"""

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from snn_depth.geometry.poses import read_numbers

Matrix = TypeVar("Matrix", NDArray[np.float64], Tensor)


def read_intrinsics(text: str) -> NDArray[np.float64]:
    """Intrinsic matrix, float64 (3, 3), from 'fx,fy,cx,cy' or from a text file with a 3x3 matrix.

    Args:
        text: Four numbers separated by commas or blanks, in pixels; or a file's path.

    Raises:
        ValueError: If it is neither, or a focal length is not positive.
        OSError: If the file cannot be read.
    """
    try:
        values = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        matrix = read_numbers(Path(text))
        if matrix.shape != (3, 3):
            raise ValueError(f"{text} holds a {matrix.shape} matrix; expected 3x3") from None
        values = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]
    if len(values) != 4 or not np.isfinite(values).all() or min(values[:2]) <= 0:
        raise ValueError(f"intrinsics must be fx,fy,cx,cy with positive fx and fy, not {text!r}")
    fx, fy, cx, cy = values
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=np.float64)


def known_focal_lengths_px(
    focal_length_px: float | None,
    intrinsics: str | None,
    recorded: NDArray[np.float64] | None = None,
) -> tuple[float, float] | None:
    """(fx, fy) by what the user says, else by what the recording knows; None if nothing is known.

    Args:
        focal_length_px: One focal length for both axes, in pixels of the recording.
        intrinsics: As `read_intrinsics` takes it.
        recorded: The recording's own intrinsic matrix (3, 3).

    Raises:
        ValueError: If both of the first two are given, or as `read_intrinsics`.
        OSError: If the intrinsics' file cannot be read.
    """
    if focal_length_px is not None and intrinsics is not None:
        raise ValueError("give focal_length_px or intrinsics, not both")
    if focal_length_px is not None:
        return focal_length_px, focal_length_px
    matrix = recorded if intrinsics is None else read_intrinsics(intrinsics)
    return None if matrix is None else (float(matrix[0, 0]), float(matrix[1, 1]))


def scale_intrinsics(
    intrinsics: Matrix, old_size: tuple[int, int], new_size: tuple[int, int]
) -> Matrix:
    """Intrinsics after resizing the picture from `old_size` to `new_size` (height, width)."""
    y_scale, x_scale = new_size[0] / old_size[0], new_size[1] / old_size[1]
    return _moved_pixels(
        [[x_scale, 0, 0.5 * x_scale - 0.5], [0, y_scale, 0.5 * y_scale - 0.5], [0, 0, 1]],
        intrinsics,
    )


def crop_intrinsics(intrinsics: Matrix, corner: tuple[int, int]) -> Matrix:
    """Intrinsics of a crop whose first row and column are `corner`."""
    top, left = corner
    return _moved_pixels([[1, 0, -left], [0, 1, -top], [0, 0, 1]], intrinsics)


def mirror_intrinsics(intrinsics: Matrix, width: int) -> Matrix:
    """Intrinsics of the left-right mirrored picture; the camera's x axis is mirrored as well."""
    mirrored = _moved_pixels([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]], intrinsics)
    mirrored[..., :, 0] *= -1
    return mirrored


def _moved_pixels(new_from_old: list[list[float]], intrinsics: Matrix) -> Matrix:
    if isinstance(intrinsics, Tensor):
        return intrinsics.new_tensor(new_from_old) @ intrinsics
    return np.array(new_from_old, np.float64) @ intrinsics

"""Calibration files with one named matrix per line, as KITTI and DrivingStereo have them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_projection(path: Path, name: str) -> NDArray[np.float64]:
    """Intrinsics (3, 3) of a rectified camera: the left part of its 3x4 projection matrix.

    Args:
        path: Text file with lines `NAME: numbers`.
        name: Of the matrix, such as P_rect_02.

    Raises:
        ValueError: If the file has no such matrix.
        OSError: If it cannot be read.
    """
    for line in path.read_text().splitlines():
        key, _, values = line.partition(":")
        if key == name and len(values.split()) == 12:
            return np.array(values.split(), np.float64).reshape(3, 4)[:, :3]
    raise ValueError(f"{path} has no line '{name}: ...' with 12 numbers")

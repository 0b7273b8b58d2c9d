"""Rigid transforms, and the text files in which data sets keep camera poses.

`a_from_b` turns coordinates in b's frame into coordinates in a's: a camera's pose is
`world_from_camera`, and `a_from_c = a_from_b @ b_from_c`. Cameras look along z, with x to the right
and y down.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snn_depth.files.listing import list_files


def inverse_transform(a_from_b: Tensor) -> Tensor:
    """b_from_a, shape (..., 4, 4)."""
    rotation = a_from_b[..., :3, :3].mT
    translation = -rotation @ a_from_b[..., :3, 3:]
    return torch.cat([torch.cat([rotation, translation], -1), a_from_b[..., 3:, :]], -2)


def relative_transform(world_from_a: Tensor, world_from_b: Tensor) -> Tensor:
    """a_from_b of two cameras with poses in one frame, shape (..., 4, 4)."""
    return inverse_transform(world_from_a) @ world_from_b


def mirror_transform(a_from_b: Tensor) -> Tensor:
    """The transform between two left-right mirrored cameras, shape (..., 4, 4).

    With M = diag(-1, 1, 1), the rotation R becomes M R M and the translation t becomes M t.
    """
    mirror = torch.diag(a_from_b.new_tensor([-1, 1, 1, 1]))
    return mirror @ a_from_b @ mirror


def is_rigid(matrix: NDArray[np.floating]) -> bool:
    """Whether a matrix (4, 4) is a rotation and a translation, to the few digits of text files."""
    rotation = matrix[:3, :3]
    return bool(
        np.isfinite(matrix).all()
        and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-2)
        and np.linalg.det(rotation) > 0
        and (matrix[3] == [0, 0, 0, 1]).all()
    )


def read_poses(path: Path) -> NDArray[np.float64]:
    """Read camera-to-world poses, float64 (K, 4, 4).

    Args:
        path: A text file with one row of 12 (3x4, KITTI) or 16 (4x4) numbers per frame, row
            major; or a folder of `*pose*.txt` files, one 3x4 or 4x4 matrix each (7-Scenes).

    Raises:
        ValueError: If a matrix has another shape or is not a rigid motion.
        OSError: If a file cannot be read.
    """
    if path.is_dir():
        files = list_files(path, "*pose*.txt", {".txt"})
        rows = [read_numbers(file).reshape(-1) for file in files]
        names = [str(file) for file in files]
    else:
        rows = list(read_numbers(path))
        names = [f"{path}, row {index}" for index in range(len(rows))]
    return np.stack([_pose(row, name) for row, name in zip(rows, names, strict=True)])


def read_numbers(path: Path) -> NDArray[np.float64]:
    """The table of numbers in a text file, (rows, columns).

    Raises:
        ValueError: If it is none.
        OSError: If the file cannot be read.
    """
    try:
        return np.loadtxt(path, ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error}") from None


def _pose(row: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    if row.size not in (12, 16):
        raise ValueError(f"pose {name} has {row.size} numbers; expected 12 (3x4) or 16 (4x4)")
    pose = np.eye(4)
    pose[:3] = row.reshape(-1, 4)[:3]
    # Lost tracking is often written as zeros or NaN.
    if not is_rigid(pose):
        raise ValueError(f"pose {name} is not a rotation and translation: {row.tolist()}")
    return pose

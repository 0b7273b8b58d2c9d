"""Camera poses and intrinsics from the text files in which data sets keep them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.video import list_files


def read_poses(path: Path) -> NDArray[np.float64]:
    """Read camera-to-world poses.

    Args:
        path: A text file with one row of 12 (3x4, KITTI) or 16 (4x4) numbers per frame, row
            major; or a folder of `*pose*.txt` files, one 3x4 or 4x4 matrix each (7-Scenes).

    Returns:
        Float64 (K, 4, 4).

    Raises:
        ValueError: If a matrix has another shape or is not a rigid motion.
        OSError: If a file cannot be read.
    """
    if path.is_dir():
        files = list_files(path, "*pose*.txt", {".txt"})
        rows = [_numbers(file).reshape(-1) for file in files]
        names = [str(file) for file in files]
    else:
        rows = list(_numbers(path))
        names = [f"{path}, row {index}" for index in range(len(rows))]
    return np.stack([_rigid(row, name) for row, name in zip(rows, names, strict=True)])


def _numbers(path: Path) -> NDArray[np.float64]:
    try:
        return np.loadtxt(path, ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error}") from None


def _rigid(row: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    if row.size not in (12, 16):
        raise ValueError(f"pose {name} has {row.size} numbers; expected 12 (3x4) or 16 (4x4)")
    pose = np.eye(4)
    pose[:3] = row.reshape(-1, 4)[:3]
    rotation = pose[:3, :3]
    # Files store few digits, and lost tracking is often written as zeros or NaN.
    if not (np.isfinite(pose).all() and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-2)):
        raise ValueError(f"pose {name} is not a rotation and translation: {row.tolist()}")
    return pose


def read_intrinsics(text: str) -> NDArray[np.float64]:
    """Intrinsic matrix from 'fx,fy,cx,cy' or from a text file with a 3x3 matrix.

    Args:
        text: Four numbers separated by commas or blanks, in pixels; or a file's path.

    Returns:
        Float64 (3, 3).

    Raises:
        ValueError: If it is neither, or a focal length is not positive.
        OSError: If the file cannot be read.
    """
    try:
        values = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        matrix = _numbers(Path(text))
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
    """Focal lengths by what the user says, else by what the recording knows.

    Args:
        focal_length_px: One focal length for both axes, in pixels of the recording.
        intrinsics: As `read_intrinsics` takes it.
        recorded: The recording's own intrinsic matrix (3, 3).

    Returns:
        Horizontal and vertical focal length (fx, fy) in pixels; None if nothing is known.

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
    intrinsics: NDArray[np.float64], old_size: tuple[int, int], new_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Intrinsics after resizing the picture from `old_size` to `new_size` (height, width).

    Pixel centres lie at integer coordinates, so the picture's corner is at (-0.5, -0.5).
    """
    y_scale, x_scale = new_size[0] / old_size[0], new_size[1] / old_size[1]
    scaling = np.array(
        [[x_scale, 0, 0.5 * x_scale - 0.5], [0, y_scale, 0.5 * y_scale - 0.5], [0, 0, 1]]
    )
    return scaling @ intrinsics

"""The labelled part of NYU Depth v2, one MATLAB file (HDF5) of 1449 pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import scipy.io  # type: ignore[import-untyped]

from snn_depth.data.simulation.frames import Depth, Rgb, StoredFrame

Split = Literal["train", "test"]
MAT_FILE = "nyu_depth_v2_labeled.mat"
SPLIT_FILE = "splits.mat"
_INDEX_NAMES = {"train": "trainNdxs", "test": "testNdxs"}


@dataclass(frozen=True)
class MatFrame:
    """A picture in the labelled MATLAB file.

    Attributes:
        index: Number of the picture, from 0.
        filled: Take the depth whose gaps are filled in (`depths`), not as measured (`rawDepths`).
    """

    path: Path
    index: int
    filled: bool
    # The pictures are no video.
    time_s: None = None
    pose: None = None

    @property
    def name(self) -> str:
        """See `StoredFrame.name`."""
        return f"{self.path.name}/{'depths' if self.filled else 'rawDepths'}/{self.index}"

    def read(self) -> tuple[Rgb, Depth | None]:
        """Read both arrays, as `StoredFrame` says; MATLAB's axes come out reversed."""
        with h5py.File(self.path) as file:
            rgb_CWH = _entry(file, "images", self.index, np.uint8, 3)
            depth_WH = _entry(file, "depths" if self.filled else "rawDepths", self.index, "f4", 2)
        if not np.isfinite(depth_WH).all() or depth_WH.min() < 0:
            raise ValueError(f"{self.path}: depth {self.index} has negative or infinite values")
        return np.ascontiguousarray(rgb_CWH.T), np.ascontiguousarray(depth_WH.T, np.float32)


def labelled_frames(root: Path, split: Split, filled: bool) -> list[StoredFrame]:
    """The pictures of the official split.

    Args:
        root: Folder of the MATLAB file and of `splits.mat`, which counts from 1.

    Raises:
        ValueError: If a file has another content than expected.
        OSError: If one does not exist.
    """
    path, split_path = root / MAT_FILE, root / SPLIT_FILE
    for needed in (path, split_path):
        if not needed.is_file():
            raise FileNotFoundError(f"file not found: {needed}")
    try:
        numbers = scipy.io.loadmat(split_path)[_INDEX_NAMES[split]].ravel()
    except (KeyError, ValueError, NotImplementedError, TypeError) as error:
        raise ValueError(f"{split_path} has no {_INDEX_NAMES[split]}: {error}") from None
    try:
        with h5py.File(path) as file:
            num_pictures = len(file["images"])
    except (OSError, KeyError) as error:
        raise ValueError(f"{path} has no pictures: {error}") from None
    if not len(numbers) or numbers.min() < 1 or numbers.max() > num_pictures:
        raise ValueError(
            f"{split_path} has {len(numbers)} numbers that do not fit the {num_pictures} pictures "
            f"of {path}"
        )
    return [MatFrame(path, int(number) - 1, filled) for number in numbers]


def _entry(file: h5py.File, name: str, index: int, kind: type | str, num_axes: int) -> np.ndarray:
    if name not in file or file[name].dtype != kind or file[name].ndim != num_axes + 1:
        raise ValueError(
            f"{file.filename} has no array {name!r} of {np.dtype(kind)} with {num_axes + 1} axes"
        )
    return np.asarray(file[name][index])

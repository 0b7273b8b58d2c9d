"""Depth maps as files: a float stack in metres and 16-bit pictures."""

import math
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# KITTI's convention; finer than 4 mm.
KITTI_PNG_SCALE = 256.0


def png_scale(max_depth_m: float) -> float:
    """Stored units per metre of 16-bit depth pictures.

    Args:
        max_depth_m: Largest depth that has to fit, in metres.

    Returns:
        256, KITTI's, or the largest smaller power of two with which `max_depth_m` fits.
    """
    return min(KITTI_PNG_SCALE, 2.0 ** math.floor(math.log2(65535 / max_depth_m)))


def write_depth_png(path: Path, depth_m: NDArray[np.floating], scale: float) -> None:
    """Write a 16-bit grey picture of depth times `scale`, rounded; 0 means no depth.

    Args:
        path: Target `*.png`.
        depth_m: Depth in metres, shape (H, W).
        scale: Stored units per metre.
    """
    Image.fromarray(np.round(depth_m * scale).astype(np.uint16)).save(path)


class DepthStackWriter:
    """Writes a `.npy` file of depth maps one after the other, so that none has to be kept.

    Use as a context manager.

    Args:
        path: Target `*.npy`.
        shape: Number of maps, rows and columns.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        # Not a memory map: a full disk must be an error, and would kill the process there.
        self._file: BinaryIO = path.open("wb")
        self._shape = shape
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, depth_m: NDArray[np.floating]) -> None:
        """Write the next map.

        Args:
            depth_m: Depth in metres, shape (H, W).
        """
        assert depth_m.shape == self._shape[1:]
        self._file.write(np.ascontiguousarray(depth_m, dtype="<f4").tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

"""Frames of videos and data sets: before they are read, and as the sensor sees them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.depth_maps import read_depth_m
from snn_depth.data.simulation.pictures import read_rgb

Rgb = NDArray[np.uint8]
Depth = NDArray[np.float32]
Pose = NDArray[np.float64]


class StoredFrame(Protocol):
    """A frame that is not read yet, cheap to copy to another process."""

    @property
    def name(self) -> str:
        """What tells it from the other frames of its data set, wherever that is stored."""

    @property
    def time_s(self) -> float | None:
        """When it was taken; None where nobody knows, or the sequence has a constant rate."""

    @property
    def pose(self) -> Pose | None:
        """Camera to world (4, 4)."""

    def read(self) -> tuple[Rgb, Depth | None]:
        """Read the picture (H, W, 3) and its depth (H, W) in metres, 0 where not measured.

        Raises:
            ValueError: If a file is damaged.
            OSError: If it does not exist.
        """


@dataclass(frozen=True, eq=False)
class PictureFrame:
    """A picture in a file of its own, or decoded from a video, with its depth in another file.

    Attributes:
        metres_per_unit: Scale of the stored depth (see `read_depth_m`).
    """

    name: str
    rgb: Path | Rgb
    depth: Path | None = None
    metres_per_unit: float | None = None
    time_s: float | None = None
    pose: Pose | None = None

    def read(self) -> tuple[Rgb, Depth | None]:
        """See `StoredFrame.read`."""
        rgb = read_rgb(self.rgb) if isinstance(self.rgb, Path) else self.rgb
        if self.depth is None:
            return rgb, None
        depth_m = read_depth_m(self.depth, self.metres_per_unit)
        if depth_m.shape != rgb.shape[:2]:
            raise ValueError(
                f"depth {self.depth} is {depth_m.shape} but its picture is {rgb.shape[:2]}"
            )
        return rgb, depth_m


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame at the sensor's size.

    Attributes:
        stored: What it was read from.
        number: Its place in the sequence, from 0.
        rgb: (H, W, 3), gamma encoded.
        intensity: Linear light in [0, 1], float32 (H, W).
        depth_m: (H, W), 0 = no measurement; None without depth.
        picture_size: Height and width of the stored picture.
    """

    stored: StoredFrame
    number: int
    rgb: Rgb
    intensity: NDArray[np.float32]
    depth_m: Depth | None
    picture_size: tuple[int, int]

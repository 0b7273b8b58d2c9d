"""A picture sequence with the depth maps, poses and intrinsics that belong to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.depth_maps import read_depth_m, resize_depth
from snn_depth.data.simulation.video import ImageFolder, VideoFile, linear_intensity, resize_area
from snn_depth.geometry.intrinsics import scale_intrinsics


@dataclass(frozen=True)
class Frame:
    """One picture at the sensor's size and what is known about it.

    Attributes:
        rgb: uint8 (H, W, 3), gamma encoded.
        intensity: Linear light in [0, 1], float32 (H, W).
        depth_m: Float32 (H, W), 0 = no measurement; None without depth.
        pose: Camera to world, float64 (4, 4); None without poses.
    """

    rgb: NDArray[np.uint8]
    intensity: NDArray[np.float32]
    depth_m: NDArray[np.float32] | None
    pose: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class PictureSequence:
    """Pictures taken at a constant rate, with optional depth and poses, read one at a time.

    Attributes:
        pictures: Folder or video.
        frame_rate_hz: Pictures per second.
        depth_paths: One depth file per picture, in the same order.
        metres_per_unit: Scale of the depth files (see `read_depth_m`).
        poses: Camera to world (K, 4, 4).
        intrinsics: (3, 3) for the pictures' own size.

    Raises:
        ValueError: If the number of depth files or poses is not that of the pictures.
    """

    pictures: ImageFolder | VideoFile
    frame_rate_hz: float
    depth_paths: list[Path] | None = None
    metres_per_unit: float | None = None
    poses: NDArray[np.float64] | None = None
    intrinsics: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.frame_rate_hz < np.inf:
            raise ValueError(f"frame_rate_hz must be positive, not {self.frame_rate_hz}")
        for name, part in (("depth maps", self.depth_paths), ("poses", self.poses)):
            if part is not None and len(part) != self.pictures.num_frames:
                raise ValueError(
                    f"{len(part)} {name} for {self.pictures.num_frames} pictures in "
                    f"{self.pictures.path}; there must be one for each picture"
                )

    def record(self) -> dict[str, Any]:
        """What the sequence consists of, as JSON-ready values."""
        return {
            "num_pictures": self.pictures.num_frames,
            "frame_rate_hz": self.frame_rate_hz,
            "num_depth_maps": 0 if self.depth_paths is None else len(self.depth_paths),
            "metres_per_unit": self.metres_per_unit,
            "num_poses": 0 if self.poses is None else len(self.poses),
            "intrinsics": None if self.intrinsics is None else self.intrinsics.tolist(),
        }

    def frames(self, size: tuple[int, int] | None, gamma: float) -> Iterator[Frame]:
        """Read the pictures in order.

        Args:
            size: Height and width of the sensor; None keeps the pictures' own.
            gamma: Exponent that decodes the pictures (see `linear_intensity`).

        Raises:
            ValueError: If a picture or depth map cannot be read or has another size.
        """
        depth_paths = repeat(None) if self.depth_paths is None else self.depth_paths
        poses = repeat(None) if self.poses is None else self.poses
        for rgb, depth_path, pose in zip(self.pictures, depth_paths, poses, strict=False):
            depth_m = None
            if depth_path is not None:
                depth_m = read_depth_m(depth_path, self.metres_per_unit)
                if depth_m.shape != rgb.shape[:2]:
                    raise ValueError(
                        f"depth {depth_path} is {depth_m.shape} but its picture is {rgb.shape[:2]}"
                    )
            intensity = linear_intensity(rgb, gamma, size)
            if size is not None:
                rgb = resize_area(rgb, size)
                depth_m = None if depth_m is None else resize_depth(depth_m, size)
            yield Frame(rgb, intensity, depth_m, pose)

    def picture_size(self) -> tuple[int, int]:
        """Height and width of the pictures.

        Raises:
            ValueError: If not even the first one can be read.
        """
        first = next(iter(self.pictures), None)
        if first is None:
            raise ValueError(f"no picture can be read from {self.pictures.path}")
        return first.shape[0], first.shape[1]

    def scaled_intrinsics(self, size: tuple[int, int] | None) -> NDArray[np.float64] | None:
        """Intrinsics for a sensor of this size (None: the pictures' own); None if unknown."""
        if self.intrinsics is None or size is None:
            return self.intrinsics
        return scale_intrinsics(self.intrinsics, self.picture_size(), size)

"""Pictures of a data set that are not read yet, and the sequences they form."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.depth_maps import read_depth_m
from snn_depth.data.simulation.video import read_rgb
from snn_depth.files.digest import json_sha256

Rgb = NDArray[np.uint8]
Depth = NDArray[np.float32]


class Shot(Protocol):
    """One picture, hashable and cheap to copy to another process."""

    @property
    def name(self) -> str:
        """What tells it from the other pictures of its data set, wherever that is stored."""

    def read(self) -> tuple[Rgb, Depth | None]:
        """Read the picture (H, W, 3) and its depth (H, W) in metres, 0 where not measured.

        Raises:
            ValueError: If a file is damaged.
            OSError: If it does not exist.
        """


@dataclass(frozen=True)
class FileShot:
    """A picture in a file of its own, with its depth in another.

    Attributes:
        name: As in `Shot`.
        rgb: The picture.
        depth: Its depth map; None where there is none.
        metres_per_unit: Scale of the stored depth.
    """

    name: str
    rgb: Path
    depth: Path | None
    metres_per_unit: float

    def read(self) -> tuple[Rgb, Depth | None]:
        """Read both files, as `Shot` says."""
        rgb = read_rgb(self.rgb)
        if self.depth is None:
            return rgb, None
        depth_m = read_depth_m(self.depth, self.metres_per_unit)
        if depth_m.shape != rgb.shape[:2]:
            raise ValueError(
                f"depth {self.depth} is {depth_m.shape} but its picture is {rgb.shape[:2]}"
            )
        return rgb, depth_m


@dataclass(frozen=True, eq=False)
class ShotSequence:
    """Pictures in the order of time, and which of them become samples.

    Attributes:
        name: Name of its recording, unique in the data set.
        shots: The pictures; those beside the key frames only tell how the light moves.
        key_frames: Numbers of the pictures that become samples, ascending; they have depth.
        timestamps_s: Time of every picture; None for pictures that are not a video.
        intrinsics: (3, 3) in pixels of the stored pictures; None if unknown.
        poses: Camera to world of every picture, (K, 4, 4); None if unknown.
        max_gap_s: Pictures further apart in time show too different things to join them.

    Raises:
        ValueError: If there is no key frame, or the numbers of pictures, times and poses differ.
    """

    name: str
    shots: Sequence[Shot]
    key_frames: Sequence[int]
    timestamps_s: Sequence[float] | None = None
    intrinsics: NDArray[np.float64] | None = None
    poses: NDArray[np.float64] | None = None
    max_gap_s: float = 0.25

    def __post_init__(self) -> None:
        if not self.key_frames:
            raise ValueError(f"sequence {self.name} has no picture with depth")
        for what, part in (("times", self.timestamps_s), ("poses", self.poses)):
            if part is not None and len(part) != len(self.shots):
                raise ValueError(
                    f"sequence {self.name} has {len(self.shots)} pictures but {len(part)} {what}"
                )

    def gap_s(self, k: int, neighbour: int) -> float | None:
        """Time between two pictures; None where they are not to be joined.

        Args:
            k: A picture.
            neighbour: k - 1 or k + 1, which need not exist.
        """
        if self.timestamps_s is None or not 0 <= neighbour < len(self.shots):
            return None
        gap_s = abs(self.timestamps_s[neighbour] - self.timestamps_s[k])
        return gap_s if 0 < gap_s <= self.max_gap_s else None

    def record(self) -> dict[str, Any]:
        """What the sequence consists of, as JSON-ready values."""
        return {
            "name": self.name,
            "pictures": [shot.name for shot in self.shots],
            "key_frames": list(self.key_frames),
            "timestamps_s": None if self.timestamps_s is None else list(self.timestamps_s),
            "max_gap_s": self.max_gap_s,
            "intrinsics": None if self.intrinsics is None else self.intrinsics.tolist(),
            "poses": None if self.poses is None else self.poses.tolist(),
        }

    def file_name(self) -> str:
        """Name of its recording: a sequence that consists of something else has another."""
        return f"{self.name}-{json_sha256(self.record(), sort_keys=False)[:8]}.h5"

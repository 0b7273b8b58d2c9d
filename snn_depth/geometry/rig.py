"""Named sensors with fixed places on one rig."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from snn_depth.geometry.poses import is_rigid, relative_transform


def _identity() -> Tensor:
    return torch.eye(4, dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Sensor:
    """A camera of a rig.

    Attributes:
        size: Height and width in pixels.
        intrinsics: float64 (3, 3) in its own pixels; None if unknown.
        rig_from_camera: Its place, float64 (4, 4); by default the rig's origin.

    Raises:
        ValueError: If a matrix has another shape, the size is not positive, or the place is not a
            rotation and a translation.
    """

    size: tuple[int, int]
    intrinsics: Tensor | None = None
    rig_from_camera: Tensor = field(default_factory=_identity)

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise ValueError(f"sensor size is {self.size}; accepted: positive height and width")
        if self.intrinsics is not None and self.intrinsics.shape != (3, 3):
            raise ValueError(f"intrinsics are {tuple(self.intrinsics.shape)}; accepted: (3, 3)")
        place = self.rig_from_camera
        if place.shape != (4, 4) or not is_rigid(place.numpy()):
            raise ValueError(
                f"rig_from_camera is {place.tolist()}; accepted: a rotation and a translation (4x4)"
            )


@dataclass(frozen=True)
class Rig:
    """Sensors by name; their places do not change in time."""

    sensors: Mapping[str, Sensor]

    def source_from_target(self, source: str, target: str) -> Tensor:
        """Transform from one sensor's camera to another's at the same moment, float64 (4, 4)."""
        return relative_transform(
            self.sensors[source].rig_from_camera, self.sensors[target].rig_from_camera
        )

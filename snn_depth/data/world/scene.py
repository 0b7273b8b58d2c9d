"""A scene: everything that is drawn once per recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from snn_depth.data.world.camera_motion import Drive
from snn_depth.data.world.domains import Look
from snn_depth.data.world.primitives import Primitives
from snn_depth.data.world.terrain import Terrain
from snn_depth.data.world.traffic import Vehicle, place_vehicles


@dataclass(frozen=True)
class Scene:
    """What stands and moves in one recording.

    Attributes:
        terrain: The ground.
        static: Everything that does not move.
        vehicles: What moves along the road.
        lamps: World positions of street lamps in metres, float32 (L, 3).
        look: Light, weather and optics.
        drive: Motion of the camera.
    """

    terrain: Terrain
    static: Primitives
    vehicles: Sequence[Vehicle]
    lamps: Tensor
    look: Look
    drive: Drive

    def primitives_at(self, distance_m: float) -> Primitives:
        """Everything at the moment when the camera has driven a distance."""
        return join(self.static, place_vehicles(self.vehicles, self.terrain, distance_m))


def join(first: Primitives, second: Primitives | None) -> Primitives:
    """One table from two."""
    if second is None:
        return first
    columns = zip(vars(first).values(), vars(second).values(), strict=True)
    return Primitives(*(torch.cat(pair) for pair in columns))

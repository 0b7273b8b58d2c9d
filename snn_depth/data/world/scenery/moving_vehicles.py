"""Moving vehicles: they go along their lane as the camera's car drives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame, PrimitiveList, Primitives
from snn_depth.data.world.geometry.terrain import Terrain
from snn_depth.data.world.scenery.vehicles import add_vehicle

# Half of a bus.
_LONGEST_HALF_M = 6.5


@dataclass(frozen=True)
class Vehicle:
    """A vehicle at constant speed.

    Attributes:
        start_m: Position along the road when the camera is at 0.
        relative_speed: Its speed over the camera's; negative for oncoming traffic.
        kind: 0 car, 1 van, 2 bus.
    """

    start_m: float
    lane_m: float
    relative_speed: float
    kind: int
    seed: int


def place_vehicles(
    vehicles: Sequence[Vehicle], terrain: Terrain, distance_m: float, end_m: float
) -> Primitives | None:
    """Vehicles where they are at one moment; None when none is near.

    Args:
        end_m: End of the road; nothing drives beyond.
    """
    primitives = PrimitiveList()
    for vehicle in vehicles:
        x = vehicle.start_m + vehicle.relative_speed * distance_m
        if not distance_m - 15 < x < min(distance_m + 120, end_m - _LONGEST_HALF_M):
            continue
        frame = Frame(
            primitives,
            (x, vehicle.lane_m, terrain.height(x, vehicle.lane_m)),
            yaw=0.0 if vehicle.relative_speed > 0 else np.pi,
            slope=terrain.slope(x),
        )
        add_vehicle(frame, np.random.default_rng(vehicle.seed), vehicle.kind)
    return primitives.build() if len(primitives) else None


def draw_traffic(
    rng: np.random.Generator,
    *,
    ego_lane_m: float,
    oncoming_lane_m: float | None,
    route_m: float,
    density: float,
) -> list[Vehicle]:
    """Draw vehicles ahead in the camera's lane and oncoming ones.

    Args:
        oncoming_lane_m: Position of the other lane; None if the road is too narrow.
    """
    vehicles = []
    if rng.random() < 0.55 * density:
        # The vehicle ahead keeps its distance over the whole drive, more or less.
        kind = _draw_kind(rng)
        gap_m = np.exp(rng.uniform(np.log(6), np.log(35))) + (2, 4, 7)[kind]
        drift = rng.uniform(0, 10) / max(route_m, 1)
        vehicles.append(Vehicle(gap_m, ego_lane_m, 1 + drift, kind, int(rng.integers(2**31))))
    if oncoming_lane_m is not None:
        x = rng.uniform(5, 30)
        while x < 2 * route_m + 90:
            kind = _draw_kind(rng)
            vehicles.append(Vehicle(x, oncoming_lane_m, -0.9, kind, int(rng.integers(2**31))))
            x += rng.uniform(14, 60) / density
    return vehicles


def _draw_kind(rng: np.random.Generator) -> int:
    return int(rng.choice(3, p=[0.68, 0.2, 0.12]))

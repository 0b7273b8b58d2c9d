"""A scene: everything that is drawn once per recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from snn_depth.data.world import palette
from snn_depth.data.world.camera_motion import Drive, draw_drive
from snn_depth.data.world.domains import Look
from snn_depth.data.world.layout import Layout
from snn_depth.data.world.lighting import Shadows
from snn_depth.data.world.primitives import PrimitiveList, Primitives
from snn_depth.data.world.street import LANE_M, Street
from snn_depth.data.world.terrain import CELL_LENGTH_M, Terrain, add_ground, make_terrain
from snn_depth.data.world.traffic import Vehicle, draw_traffic, place_vehicles

_BEHIND_M = 3 * CELL_LENGTH_M
_AHEAD_M = 14 * CELL_LENGTH_M


@dataclass(frozen=True)
class Scene:
    """What stands and moves in one recording.

    Attributes:
        terrain: The ground.
        static: Everything that does not move.
        shadows: Of what does not move.
        vehicles: What moves along the road.
        lamps: World positions of street lamps in metres, float32 (L, 3).
        look: Light, weather and optics.
        drive: Motion of the camera.
    """

    terrain: Terrain
    static: Primitives
    shadows: Shadows
    vehicles: Sequence[Vehicle]
    lamps: Tensor
    look: Look
    drive: Drive

    def at(self, distance_m: float) -> tuple[Primitives, Shadows]:
        """Everything, with its shadows, when the camera has driven a distance."""
        vehicles = place_vehicles(self.vehicles, self.terrain, distance_m)
        if vehicles is None:
            return self.static, self.shadows
        return self.static.join(vehicles), self.shadows.with_more(vehicles)


def make_scene(layout: Layout, look: Look, rng: np.random.Generator, route_m: float) -> Scene:
    """Lay out one scene.

    Args:
        layout: Kind of place.
        look: Light and weather; its clutter multiplies small objects.
        rng: Source of randomness.
        route_m: Length of the camera's drive, from x = 0.
    """
    num_lanes = int(rng.choice(layout.num_lanes))
    parking = rng.random(2) < layout.parking_probability
    lanes_half = num_lanes * LANE_M / 2 + rng.uniform(0.0, 0.6)
    half_width = lanes_half + (2.2 if parking.any() else 0.0)
    pavement = 0.0
    if rng.random() >= layout.no_pavement_probability:
        pavement = rng.uniform(*layout.pavement_m)
    banks = rng.uniform(-layout.bank_slope, layout.bank_slope, 2)
    start, end = -_BEHIND_M, route_m + _AHEAD_M
    terrain = make_terrain(
        rng,
        start,
        end,
        road_half_width_m=half_width,
        pavement_m=pavement,
        max_slope=layout.max_slope * rng.uniform(0.1, 1.0),
        bank_slopes=(float(banks[0]), float(banks[1])),
    )
    street = Street(PrimitiveList(), terrain, rng)
    land = palette.GRASS if not layout.town_houses or rng.random() < 0.4 else palette.PAVEMENT
    if rng.random() < 0.15:
        land = palette.SOIL
    add_ground(street.primitives, terrain, pavement, palette.ASPHALT, palette.PAVEMENT, land)
    street.mark_lanes(num_lanes, lanes_half)

    edge = half_width + pavement
    lamps: list[tuple[float, float, float]] = []
    for side, is_parking in zip((-1, 1), parking, strict=True):
        street.line_houses(layout, side, edge + rng.uniform(*layout.setback_m), start, end)
        if is_parking:
            street.park_cars(side, half_width, end)
        street.plant_trees(layout, side, edge, pavement, end)
        street.scatter(layout, side, half_width, pavement, end, look.clutter)
        if rng.random() < layout.barrier_probability:
            street.run_barrier(layout, side, edge + 0.4, end)
        lamps += street.line_lamps(side, half_width, end)
    street.span_overhead(layout, 2 * edge + 2, end)
    if rng.random() < layout.closed_end_probability:
        street.close_end(layout, route_m + rng.uniform(9, 60), edge)
    street.fill_horizon(layout, end)

    # One-way roads leave the camera any lane; else it keeps to the right.
    one_way = num_lanes == 1 or rng.random() < 0.3
    ego_low = -lanes_half + 1.2
    ego_high = lanes_half - 1.2 if one_way else -1.0
    drive = draw_drive(rng, layout.mount, terrain, (ego_low, max(ego_low, ego_high)))
    vehicles = draw_traffic(
        rng,
        ego_lane_m=drive.lateral_m.mean,
        oncoming_lane_m=None if one_way else LANE_M / 2 + rng.uniform(0.0, lanes_half - LANE_M),
        route_m=route_m,
        density=layout.traffic,
    )
    static = street.primitives.build()
    shadows = Shadows.render(
        static,
        route_m,
        terrain.height(route_m / 2, 0.0),
        look,
    )
    return Scene(
        terrain,
        static,
        shadows,
        vehicles,
        torch.tensor(lamps, dtype=torch.float32).reshape(-1, 3),
        look,
        drive,
    )

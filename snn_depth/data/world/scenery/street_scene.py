"""A scene: everything that is drawn once per recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.geometry.camera_motion import Drive, draw_drive
from snn_depth.data.world.geometry.primitives import PrimitiveList, Primitives
from snn_depth.data.world.geometry.terrain import Terrain, add_ground, make_terrain
from snn_depth.data.world.light.lighting import Shadows
from snn_depth.data.world.scenery import palette
from snn_depth.data.world.scenery.layouts import Layout
from snn_depth.data.world.scenery.moving_vehicles import Vehicle, draw_traffic, place_vehicles
from snn_depth.data.world.scenery.street import Street
from snn_depth.data.world.scenery.street_plan import StreetPlan


@dataclass(frozen=True)
class Scene:
    """What stands and moves in one recording.

    Street lamps are at world positions `lamps` in metres, float32 (L, 3).
    """

    terrain: Terrain
    static: Primitives
    shadows: Shadows
    vehicles: Sequence[Vehicle]
    plan: StreetPlan
    lamps: Tensor
    conditions: Conditions
    drive: Drive

    def at(self, distance_m: float) -> tuple[Primitives, Shadows]:
        """Everything, with its shadows, when the camera has driven a distance."""
        vehicles = place_vehicles(self.vehicles, self.terrain, distance_m, self.plan.closed_at_m)
        if vehicles is None:
            return self.static, self.shadows
        vehicles = vehicles.to(self.static.center.device)
        return self.static.join(vehicles), self.shadows.with_more(vehicles)


def make_scene(
    layout: Layout,
    conditions: Conditions,
    rng: np.random.Generator,
    route_m: float,
    device: torch.device | str = "cpu",
) -> Scene:
    """Lay out one scene along a drive that begins at x = 0."""
    plan = StreetPlan.draw(rng, layout, route_m)
    banks = rng.uniform(-layout.bank_slope, layout.bank_slope, 2)
    terrain = make_terrain(
        rng,
        plan.start_m,
        plan.end_m,
        road_half_width_m=plan.half_width_m,
        pavement_m=plan.pavement_m,
        max_slope=layout.max_slope * rng.uniform(0.1, 1.0),
        bank_slopes=(float(banks[0]), float(banks[1])),
    )
    primitives = PrimitiveList()
    land = palette.GRASS if not layout.town_houses or rng.random() < 0.4 else palette.PAVEMENT
    if rng.random() < 0.15:
        land = palette.SOIL
    add_ground(primitives, terrain, plan.pavement_m, palette.ASPHALT, palette.PAVEMENT, land)
    lamps = Street(primitives, terrain, layout, plan, rng).furnish(conditions.clutter)

    drive = draw_drive(rng, layout.mount, terrain, plan.ego_lane_m())
    vehicles = draw_traffic(
        rng,
        ego_lane_m=drive.lateral_m.mean,
        oncoming_lane_m=plan.draw_oncoming_lane_m(rng),
        route_m=route_m,
        density=layout.traffic,
    )
    static = primitives.build().to(device)
    shadows = Shadows.render(static, route_m, terrain.height(route_m / 2, 0.0), conditions)
    lamp_positions = torch.tensor(lamps, dtype=torch.float32).reshape(-1, 3)
    return Scene(terrain, static, shadows, vehicles, plan, lamp_positions, conditions, drive)

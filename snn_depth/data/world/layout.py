"""Procedural layouts: where things stand along the road."""

from dataclasses import dataclass

import numpy as np
import torch

from snn_depth.data.world import objects, palette
from snn_depth.data.world.camera_motion import Mount, draw_drive
from snn_depth.data.world.domains import Look
from snn_depth.data.world.primitives import Frame, PrimitiveList
from snn_depth.data.world.scene import Scene
from snn_depth.data.world.terrain import (
    CELL_LENGTH_M,
    Terrain,
    add_ground,
    add_ground_patch,
    make_terrain,
)
from snn_depth.data.world.traffic import add_vehicle, draw_traffic

_BEHIND_M = 3 * CELL_LENGTH_M
_AHEAD_M = 14 * CELL_LENGTH_M
_LANE_M = 3.2


@dataclass(frozen=True)
class Layout:
    """A kind of place; ranges are drawn from uniformly, probabilities are per scene or slot.

    Attributes:
        mount: How the camera is mounted.
        horizontal_fov_deg: Field of view across.
        num_lanes: Numbers of lanes to choose from.
        parking_probability: That cars park along a side.
        pavement_m: Width of a pavement.
        no_pavement_probability: That there is none.
        setback_m: Distance from the pavement to the houses.
        max_slope: Steepest road.
        bank_slope: Steepest land beside the road, either way.
        town_houses: Whether houses are town houses in a row (else detached).
        gap_m: Free space between houses.
        empty_lot_probability: That a house is missing.
        floors: Numbers of floors.
        tree_spacing_m: Mean distance of trees along each side.
        conifer_share: Share of conifers.
        barrier_probability: That a wall, fence or hedge runs along a side.
        overhead_probability: That a bridge or sign gantry spans the road, per 40 m.
        closed_end_probability: That a building closes the road (a T-junction).
        small_objects_per_m: Density of people, signs, bins and bushes on each side.
        traffic: Density of moving vehicles.
    """

    mount: Mount
    horizontal_fov_deg: float
    num_lanes: tuple[int, ...]
    parking_probability: float
    pavement_m: tuple[float, float]
    no_pavement_probability: float
    setback_m: tuple[float, float]
    max_slope: float
    bank_slope: float
    town_houses: bool
    gap_m: tuple[float, float]
    empty_lot_probability: float
    floors: tuple[int, int]
    tree_spacing_m: tuple[float, float]
    conifer_share: float
    barrier_probability: float
    overhead_probability: float
    closed_end_probability: float
    small_objects_per_m: float
    traffic: float


LAYOUTS: dict[str, Layout] = {
    "city": Layout(
        mount=Mount(
            height_m=(0.8, 2.6),
            pitch_deg=(-5.0, 7.0),
            roll_deg=2.0,
            yaw_deg=9.0,
            side_view_probability=0.3,
            side_view_deg=(15.0, 42.0),
            speed_mps=(4.0, 16.0),
        ),
        horizontal_fov_deg=82.0,
        num_lanes=(1, 2, 2, 3, 4),
        parking_probability=0.6,
        pavement_m=(1.2, 4.5),
        no_pavement_probability=0.15,
        setback_m=(0.0, 5.0),
        max_slope=0.10,
        bank_slope=0.06,
        town_houses=True,
        gap_m=(0.0, 6.0),
        empty_lot_probability=0.2,
        floors=(1, 6),
        tree_spacing_m=(7.0, 40.0),
        conifer_share=0.05,
        barrier_probability=0.3,
        overhead_probability=0.22,
        closed_end_probability=0.3,
        small_objects_per_m=0.16,
        traffic=1.0,
    ),
    "suburb": Layout(
        mount=Mount(
            height_m=(1.3, 1.9),
            pitch_deg=(2.0, 12.0),
            roll_deg=1.5,
            yaw_deg=12.0,
            side_view_probability=0.3,
            side_view_deg=(18.0, 50.0),
            speed_mps=(3.0, 12.0),
        ),
        horizontal_fov_deg=66.0,
        num_lanes=(2, 2, 2, 1),
        parking_probability=0.3,
        pavement_m=(1.0, 2.2),
        no_pavement_probability=0.4,
        setback_m=(3.0, 12.0),
        max_slope=0.12,
        bank_slope=0.16,
        town_houses=False,
        gap_m=(3.0, 16.0),
        empty_lot_probability=0.25,
        floors=(1, 2),
        tree_spacing_m=(4.0, 14.0),
        conifer_share=0.3,
        barrier_probability=0.55,
        overhead_probability=0.04,
        closed_end_probability=0.15,
        small_objects_per_m=0.2,
        traffic=0.6,
    ),
}


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
    lanes_half = num_lanes * _LANE_M / 2 + rng.uniform(0.0, 0.6)
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
    builder = _Builder(PrimitiveList(), terrain, rng)
    land = palette.GRASS if not layout.town_houses or rng.random() < 0.4 else palette.PAVEMENT
    if rng.random() < 0.15:
        land = palette.SOIL
    add_ground(builder.primitives, terrain, pavement, palette.ASPHALT, palette.PAVEMENT, land)
    builder.mark_lanes(num_lanes, lanes_half)

    edge = half_width + pavement
    lamps: list[tuple[float, float, float]] = []
    for side, is_parking in zip((-1, 1), parking, strict=True):
        builder.line_houses(layout, side, edge + rng.uniform(*layout.setback_m), start, end)
        if is_parking:
            builder.park_cars(side, half_width, end)
        builder.plant_trees(layout, side, edge, pavement, end)
        builder.scatter(layout, side, half_width, pavement, end, look.clutter)
        if rng.random() < layout.barrier_probability:
            builder.run_barrier(layout, side, edge + 0.4, end)
        lamps += builder.line_lamps(side, half_width, end)
    builder.span_overhead(layout, 2 * edge + 2, end)
    if rng.random() < layout.closed_end_probability:
        builder.close_end(layout, route_m + rng.uniform(9, 60), edge)
    builder.fill_horizon(layout, end)

    # One-way roads leave the camera any lane; else it keeps to the right.
    one_way = num_lanes == 1 or rng.random() < 0.3
    ego_low = -lanes_half + 1.2
    ego_high = lanes_half - 1.2 if one_way else -1.0
    drive = draw_drive(rng, layout.mount, terrain, (ego_low, max(ego_low, ego_high)))
    vehicles = draw_traffic(
        rng,
        ego_lane_m=drive.lateral_m.mean,
        oncoming_lane_m=None if one_way else _LANE_M / 2 + rng.uniform(0.0, lanes_half - _LANE_M),
        route_m=route_m,
        density=layout.traffic,
    )
    return Scene(
        terrain,
        builder.primitives.build(),
        vehicles,
        torch.tensor(lamps, dtype=torch.float32).reshape(-1, 3),
        look,
        drive,
    )


@dataclass(frozen=True)
class _Builder:
    """Puts rows of objects along the road. `side` is -1 on the right, 1 on the left."""

    primitives: PrimitiveList
    terrain: Terrain
    rng: np.random.Generator

    def stand(self, x: float, y: float, yaw: float = 0.0, slope: float = 0.0) -> Frame:
        """Frame of an object that stands on the ground."""
        return Frame(self.primitives, (x, y, self.terrain.height(x, y)), yaw, slope)

    def mark_lanes(self, num_lanes: int, lanes_half_m: float) -> None:
        """Lines between lanes and zebra crossings."""
        if self.rng.random() < 0.12:
            return
        dash, edges = self.rng.uniform(2.0, 6.0), self.rng.random() < 0.5
        width = self.rng.uniform(0.11, 0.16)
        zebra = self.rng.random(len(self.terrain.x_m)) < 0.08
        for i, x in enumerate(self.terrain.x_m[:-2]):
            if zebra[i]:
                self._paint_zebra(x + 3.0, lanes_half_m)
                continue
            for lane in range(1, num_lanes):
                y = (lane - num_lanes / 2) * _LANE_M
                self._paint(x, x + dash, y - width / 2, y + width / 2)
            if edges:
                for side in (-1, 1):
                    y = side * (lanes_half_m - 0.15)
                    self._paint(x, x + CELL_LENGTH_M, y - width / 2, y + width / 2)

    def _paint_zebra(self, x: float, half_m: float) -> None:
        for y in np.arange(-half_m + 0.5, half_m - 0.5, 1.0):
            self._paint(x, x + 3.0, y, y + 0.5)

    def _paint(self, x0: float, x1: float, y0: float, y1: float) -> None:
        add_ground_patch(
            self.primitives,
            self.terrain,
            (x0, x1),
            (y0, y1),
            palette.PAINT,
            lift_m=0.012,
            thickness_m=0.05,
        )

    def line_houses(
        self, layout: Layout, side: int, front_m: float, start_m: float, end_m: float
    ) -> None:
        """Houses along one side, their fronts towards the road."""
        rng = self.rng
        x = start_m + rng.uniform(0, 10)
        while x < end_m:
            if rng.random() < layout.empty_lot_probability:
                x += rng.uniform(8, 25)
                continue
            length = rng.uniform(8, 24) if layout.town_houses else 12.0
            front = front_m + rng.uniform(0, 1.5 if layout.town_houses else 5.0)
            # A frame's left is away from the road: turned round on the right side.
            frame = self.stand(x + length / 2, side * front, yaw=0.0 if side > 0 else np.pi)
            if layout.town_houses:
                floors = int(rng.integers(layout.floors[0], layout.floors[1] + 1))
                objects.add_building(frame, rng, length, rng.uniform(9, 16), floors)
            else:
                length = objects.add_house(
                    frame.moved(0, 0, yaw=rng.uniform(-0.15, 0.15)), rng
                )
            x += length + rng.uniform(*layout.gap_m)

    def park_cars(self, side: int, half_width_m: float, end_m: float) -> None:
        """Parked cars at the kerb."""
        x = self.rng.uniform(-10, 0)
        while x < end_m:
            y = side * (half_width_m - 1.05)
            yaw = self.rng.choice([0.0, np.pi]) + self.rng.normal() * 0.02
            kind = int(self.rng.choice(2, p=[0.88, 0.12]))
            add_vehicle(self.stand(x, y, yaw, self.terrain.slope(x)), self.rng, kind)
            x += self.rng.uniform(7.0, 9.0) + self.rng.exponential(6.0)

    def plant_trees(
        self, layout: Layout, side: int, edge_m: float, pavement_m: float, end_m: float
    ) -> None:
        """Trees at the kerb or behind the pavement."""
        rng = self.rng
        spacing = rng.uniform(*layout.tree_spacing_m)
        near = edge_m - 0.6 if pavement_m > 2.0 else edge_m + 0.8
        x = rng.uniform(-5, spacing)
        while x < end_m:
            y = near + (0.0 if layout.town_houses else rng.uniform(0, 7))
            frame = self.stand(x, side * y)
            if rng.random() < layout.conifer_share:
                objects.add_conifer(frame, rng)
            else:
                objects.add_tree(frame, rng)
            x += spacing * rng.uniform(0.7, 1.4)

    def scatter(
        self,
        layout: Layout,
        side: int,
        half_width_m: float,
        pavement_m: float,
        end_m: float,
        clutter: float,
    ) -> None:
        """People, signs, bins, bushes and bus stops beside the road."""
        rng = self.rng
        x = rng.uniform(0, 8)
        mean_gap = 1 / (layout.small_objects_per_m * clutter)
        while x < end_m:
            beside = half_width_m + max(pavement_m, 1.5) * rng.uniform(0.15, 0.9)
            kind = rng.choice(5, p=[0.42, 0.2, 0.14, 0.18, 0.06])
            if kind == 0:
                yaw = rng.uniform(-np.pi, np.pi)
                objects.add_person(self.stand(x, side * beside, yaw), rng)
            elif kind == 1:
                objects.add_sign(self.stand(x, side * (half_width_m + 0.4)), rng)
            elif kind == 2:
                objects.add_bin(self.stand(x, side * beside, rng.uniform(-0.2, 0.2)), rng)
            elif kind == 3:
                objects.add_bush(self.stand(x, side * (half_width_m + pavement_m + 1.2)), rng)
            else:
                yaw = 0.0 if side > 0 else np.pi
                objects.add_shelter(self.stand(x, side * (half_width_m + 0.6), yaw), rng)
            x += 0.8 + rng.exponential(mean_gap)

    def run_barrier(self, layout: Layout, side: int, y_m: float, end_m: float) -> None:
        """Walls, fences or hedges in pieces, with gaps."""
        rng = self.rng
        height = rng.uniform(0.8, 2.6)
        hedge = rng.random() < (0.25 if layout.town_houses else 0.6)
        material = palette.leaves(rng) if hedge else palette.plain_wall(rng)
        x = rng.uniform(-9, 20)
        while x < end_m:
            # Short pieces follow the slope.
            for _ in range(int(rng.integers(3, 14))):
                frame = self.stand(x + 1.5, side * y_m)
                objects.add_wall(frame, rng, 3.0, height, material)
                x += 3.0
            x += rng.uniform(3, 20)

    def line_lamps(
        self, side: int, half_width_m: float, end_m: float
    ) -> list[tuple[float, float, float]]:
        """Street lamps along one side; returns where their light comes from."""
        if self.rng.random() < 0.35:
            return []
        spacing, height = self.rng.uniform(16, 34), self.rng.uniform(4.5, 8.0)
        reach = self.rng.uniform(0.8, 2.2)
        lamps = []
        for x in np.arange(self.rng.uniform(0, spacing), end_m, spacing):
            y = side * (half_width_m + 0.35)
            # The arm is on a frame's left: turned so that it reaches over the road.
            frame = self.stand(x, y, yaw=0.0 if side < 0 else np.pi)
            objects.add_street_lamp(frame, height, reach)
            lamps.append((x, y - side * reach, frame.position[2] + height - 0.25))
        return lamps

    def span_overhead(self, layout: Layout, span_m: float, end_m: float) -> None:
        """Bridges and sign gantries across the road."""
        for x in np.arange(self.rng.uniform(0, 40), end_m, 40.0):
            if self.rng.random() >= layout.overhead_probability:
                continue
            frame = self.stand(x, 0.0)
            if self.rng.random() < 0.5:
                objects.add_bridge(frame, self.rng, span_m)
            else:
                objects.add_gantry(frame, self.rng, span_m)

    def close_end(self, layout: Layout, x_m: float, edge_m: float) -> None:
        """A T-junction: buildings straight ahead."""
        y = -edge_m - 8
        while y < edge_m + 8:
            length = self.rng.uniform(10, 22)
            frame = self.stand(x_m, y + length / 2, yaw=-np.pi / 2)
            floors = int(self.rng.integers(layout.floors[0], layout.floors[1] + 1))
            objects.add_building(frame, self.rng, length, 12.0, floors)
            y += length

    def fill_horizon(self, layout: Layout, end_m: float) -> None:
        """Distant blocks or woods, so that the ground does not end in the sky."""
        for _ in range(24):
            x, y = end_m + self.rng.uniform(20, 250), self.rng.uniform(-85, 85)
            frame = self.stand(x, y)
            if layout.town_houses:
                floors = int(self.rng.integers(2, 9))
                objects.add_building(frame, self.rng, self.rng.uniform(12, 30), 14.0, floors)
            else:
                objects.add_tree(frame, self.rng, max_height_m=16.0)

"""A street: rows of things along the road."""

from dataclasses import dataclass, field

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame, PrimitiveList
from snn_depth.data.world.geometry.terrain import CELL_LENGTH_M, Terrain, add_ground_patch
from snn_depth.data.world.scenery import buildings, palette, plants, street_furniture
from snn_depth.data.world.scenery.layouts import Layout
from snn_depth.data.world.scenery.street_plan import LANE_M, StreetPlan
from snn_depth.data.world.scenery.vehicles import add_vehicle

Position = tuple[float, float, float]


@dataclass(frozen=True)
class Street:
    """Puts things along a road. A `side` is -1 on the right, 1 on the left.

    Attributes:
        primitives: Receives everything.
        roofed_m: From, to along the road where a bridge leaves no room for high things.
    """

    primitives: PrimitiveList
    terrain: Terrain
    layout: Layout
    plan: StreetPlan
    rng: np.random.Generator
    roofed_m: list[tuple[float, float]] = field(default_factory=list)

    def furnish(self, clutter: float) -> list[Position]:
        """Put everything in its place, and return where the light of street lamps comes from."""
        self._mark_lanes()
        self._span_overhead()
        lamps: list[Position] = []
        for side, is_parking in zip((-1, 1), self.plan.parking, strict=True):
            self._line_houses(side)
            if is_parking:
                self._park_cars(side)
            self._plant_trees(side)
            self._scatter(side, clutter)
            if self.rng.random() < self.layout.barrier_probability:
                self._run_barrier(side)
            lamps += self._line_lamps(side)
        if self.plan.closed_at_m < self.plan.end_m:
            self._close_end()
        self._fill_horizon()
        return lamps

    def _stand(self, x: float, y: float, yaw: float = 0.0, slope: float = 0.0) -> Frame:
        """Frame of an object that stands on the ground."""
        return Frame(self.primitives, (x, y, self.terrain.height(x, y)), yaw, slope)

    def _is_roofed(self, x: float) -> bool:
        return any(start < x < end for start, end in self.roofed_m)

    def _mark_lanes(self) -> None:
        """Lines between lanes and zebra crossings."""
        if self.rng.random() < 0.12:
            return
        half_m = self.plan.lanes_half_m
        dash, edges = self.rng.uniform(2.0, 6.0), self.rng.random() < 0.5
        width = self.rng.uniform(0.11, 0.16)
        zebra = self.rng.random(len(self.terrain.x_m)) < 0.08
        for i, x in enumerate(self.terrain.x_m[:-2]):
            if zebra[i]:
                for y in np.arange(-half_m + 0.5, half_m - 0.5, 1.0):
                    self._paint(x + 3.0, x + 6.0, y, y + 0.5)
                continue
            for lane in range(1, self.plan.num_lanes):
                y = (lane - self.plan.num_lanes / 2) * LANE_M
                self._paint(x, x + dash, y - width / 2, y + width / 2)
            if edges:
                for y in (-half_m + 0.15, half_m - 0.15):
                    self._paint(x, x + CELL_LENGTH_M, y - width / 2, y + width / 2)

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

    def _span_overhead(self) -> None:
        """Bridges and sign gantries across the road."""
        span_m = 2 * self.plan.edge_m + 2
        for x in np.arange(self.rng.uniform(0, 40), self.plan.closed_at_m - 10, 40.0):
            if self.rng.random() >= self.layout.overhead_probability:
                continue
            frame = self._stand(x, 0.0)
            if self.rng.random() < 0.5:
                width = buildings.add_bridge(frame, self.rng, span_m)
                self.roofed_m.append((x - width / 2 - 3, x + width / 2 + 3))
            else:
                street_furniture.add_gantry(frame, self.rng, span_m)

    def _line_houses(self, side: int) -> None:
        """Houses along one side, their fronts towards the road."""
        rng, layout = self.rng, self.layout
        front_m = self.plan.edge_m + rng.uniform(*layout.setback_m)
        x = self.plan.start_m + rng.uniform(0, 10)
        while x < self.plan.end_m:
            if rng.random() < layout.empty_lot_probability:
                x += rng.uniform(8, 25)
                continue
            length = rng.uniform(8, 24) if layout.town_houses else 12.0
            front = front_m + rng.uniform(0, 1.5 if layout.town_houses else 5.0)
            # A frame's left is away from the road: turned round on the right side.
            frame = self._stand(x + length / 2, side * front, yaw=0.0 if side > 0 else np.pi)
            if layout.town_houses:
                depth, floors = rng.uniform(9, 16), self._draw_floors()
                buildings.add_building(frame, rng, length, depth, floors)
            else:
                length = buildings.add_house(frame.moved(0, 0, yaw=rng.uniform(-0.15, 0.15)), rng)
            x += length + rng.uniform(*layout.gap_m)

    def _draw_floors(self) -> int:
        low, high = self.layout.floors
        return int(self.rng.integers(low, high + 1))

    def _park_cars(self, side: int) -> None:
        """Parked cars at the kerb."""
        rng = self.rng
        y = side * (self.plan.half_width_m - 1.05)
        x = rng.uniform(-10, 0)
        while x < self.plan.closed_at_m - 5:
            yaw = rng.choice([0.0, np.pi]) + rng.normal() * 0.02
            kind = int(rng.choice(2, p=[0.88, 0.12]))
            add_vehicle(self._stand(x, y, yaw, self.terrain.slope(x)), rng, kind)
            x += rng.uniform(7.0, 9.0) + rng.exponential(6.0)

    def _plant_trees(self, side: int) -> None:
        """Trees at the kerb or behind the pavement."""
        rng, plan = self.rng, self.plan
        spacing = rng.uniform(*self.layout.tree_spacing_m)
        near = plan.edge_m - 0.6 if plan.pavement_m > 2.0 else plan.edge_m + 0.8
        x = rng.uniform(-5, spacing)
        while x < plan.closed_at_m - 4:
            y = near + (0.0 if self.layout.town_houses else rng.uniform(0, 7))
            if not self._is_roofed(x):
                frame = self._stand(x, side * y)
                if rng.random() < self.layout.conifer_share:
                    plants.add_conifer(frame, rng)
                else:
                    plants.add_tree(frame, rng)
            x += spacing * rng.uniform(0.7, 1.4)

    def _scatter(self, side: int, clutter: float) -> None:
        """People, signs, bins, bushes and bus stops beside the road."""
        # Draws of its own: clutter does not move houses.
        (rng,) = self.rng.spawn(1)
        kerb, pavement = self.plan.half_width_m, self.plan.pavement_m
        away_from_road = 0.0 if side > 0 else np.pi
        x = rng.uniform(0, 8)
        while x < self.plan.closed_at_m - 2:
            beside = side * (kerb + max(pavement, 1.5) * rng.uniform(0.15, 0.9))
            kind = rng.choice(5, p=[0.42, 0.2, 0.14, 0.18, 0.06])
            if kind == 0:
                yaw = rng.uniform(-np.pi, np.pi)
                street_furniture.add_person(self._stand(x, beside, yaw), rng)
            elif kind == 1:
                street_furniture.add_sign(self._stand(x, side * (kerb + 0.4)), rng)
            elif kind == 2:
                yaw = rng.uniform(-0.2, 0.2)
                street_furniture.add_bin(self._stand(x, beside, yaw), rng)
            elif kind == 3:
                plants.add_bush(self._stand(x, side * (self.plan.edge_m + 1.2)), rng)
            else:
                frame = self._stand(x, side * (kerb + 0.6), away_from_road)
                street_furniture.add_shelter(frame, rng)
            x += 0.8 + rng.exponential(1 / (self.layout.small_objects_per_m * clutter))

    def _run_barrier(self, side: int) -> None:
        """Walls, fences or hedges in pieces, with gaps."""
        rng, y = self.rng, side * (self.plan.edge_m + 0.4)
        height = rng.uniform(0.8, 2.6)
        hedge = rng.random() < (0.25 if self.layout.town_houses else 0.6)
        material = palette.leaves(rng) if hedge else palette.plain_wall(rng)
        x = rng.uniform(-9, 20)
        while x < self.plan.closed_at_m:
            # Short pieces follow the slope.
            for _ in range(int(rng.integers(3, 14))):
                street_furniture.add_wall(self._stand(x + 1.5, y), rng, 3.0, height, material)
                x += 3.0
            x += rng.uniform(3, 20)

    def _line_lamps(self, side: int) -> list[Position]:
        """Street lamps along one side; returns where their light comes from."""
        if self.rng.random() < 0.35:
            return []
        spacing, height = self.rng.uniform(16, 34), self.rng.uniform(4.5, 8.0)
        reach = self.rng.uniform(0.8, 2.2)
        lamps = []
        for x in np.arange(self.rng.uniform(0, spacing), self.plan.closed_at_m - 3, spacing):
            if self._is_roofed(x):
                continue
            y = side * (self.plan.half_width_m + 0.35)
            # The arm is on a frame's left: turned so that it reaches over the road.
            frame = self._stand(x, y, yaw=0.0 if side < 0 else np.pi)
            street_furniture.add_street_lamp(frame, height, reach)
            lamps.append((float(x), y - side * reach, frame.position[2] + height - 0.25))
        return lamps

    def _close_end(self) -> None:
        """A T-junction: houses straight ahead."""
        y = -self.plan.edge_m - 8
        while y < self.plan.edge_m + 8:
            length = self.rng.uniform(10, 22)
            frame = self._stand(self.plan.closed_at_m, y + length / 2, yaw=-np.pi / 2)
            buildings.add_building(frame, self.rng, length, 12.0, self._draw_floors())
            y += length

    def _fill_horizon(self) -> None:
        """Distant blocks or woods, so that the ground does not end in the sky."""
        for _ in range(24):
            x, y = self.plan.end_m + self.rng.uniform(20, 250), self.rng.uniform(-85, 85)
            frame = self._stand(x, y)
            if self.layout.town_houses:
                length, floors = self.rng.uniform(12, 30), int(self.rng.integers(2, 9))
                buildings.add_building(frame, self.rng, length, 14.0, floors)
            else:
                plants.add_tree(frame, self.rng, max_height_m=16.0)

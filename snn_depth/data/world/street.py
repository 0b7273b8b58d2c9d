"""A street: rows of things along the road."""

from dataclasses import dataclass

import numpy as np

from snn_depth.data.world import buildings, palette, plants, street_furniture
from snn_depth.data.world.layout import Layout
from snn_depth.data.world.primitives import Frame, PrimitiveList
from snn_depth.data.world.terrain import CELL_LENGTH_M, Terrain, add_ground_patch
from snn_depth.data.world.vehicles import add_vehicle

LANE_M = 3.2


@dataclass(frozen=True)
class Street:
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
                y = (lane - num_lanes / 2) * LANE_M
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
                buildings.add_building(frame, rng, length, rng.uniform(9, 16), floors)
            else:
                length = buildings.add_house(frame.moved(0, 0, yaw=rng.uniform(-0.15, 0.15)), rng)
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
                plants.add_conifer(frame, rng)
            else:
                plants.add_tree(frame, rng)
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
                street_furniture.add_person(self.stand(x, side * beside, yaw), rng)
            elif kind == 1:
                street_furniture.add_sign(self.stand(x, side * (half_width_m + 0.4)), rng)
            elif kind == 2:
                street_furniture.add_bin(self.stand(x, side * beside, rng.uniform(-0.2, 0.2)), rng)
            elif kind == 3:
                plants.add_bush(self.stand(x, side * (half_width_m + pavement_m + 1.2)), rng)
            else:
                yaw = 0.0 if side > 0 else np.pi
                street_furniture.add_shelter(self.stand(x, side * (half_width_m + 0.6), yaw), rng)
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
                street_furniture.add_wall(frame, rng, 3.0, height, material)
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
            street_furniture.add_street_lamp(frame, height, reach)
            lamps.append((x, y - side * reach, frame.position[2] + height - 0.25))
        return lamps

    def span_overhead(self, layout: Layout, span_m: float, end_m: float) -> None:
        """Bridges and sign gantries across the road."""
        for x in np.arange(self.rng.uniform(0, 40), end_m, 40.0):
            if self.rng.random() >= layout.overhead_probability:
                continue
            frame = self.stand(x, 0.0)
            if self.rng.random() < 0.5:
                buildings.add_bridge(frame, self.rng, span_m)
            else:
                street_furniture.add_gantry(frame, self.rng, span_m)

    def close_end(self, layout: Layout, x_m: float, edge_m: float) -> None:
        """A T-junction: buildings straight ahead."""
        y = -edge_m - 8
        while y < edge_m + 8:
            length = self.rng.uniform(10, 22)
            frame = self.stand(x_m, y + length / 2, yaw=-np.pi / 2)
            floors = int(self.rng.integers(layout.floors[0], layout.floors[1] + 1))
            buildings.add_building(frame, self.rng, length, 12.0, floors)
            y += length

    def fill_horizon(self, layout: Layout, end_m: float) -> None:
        """Distant blocks or woods, so that the ground does not end in the sky."""
        for _ in range(24):
            x, y = end_m + self.rng.uniform(20, 250), self.rng.uniform(-85, 85)
            frame = self.stand(x, y)
            if layout.town_houses:
                floors = int(self.rng.integers(2, 9))
                buildings.add_building(frame, self.rng, self.rng.uniform(12, 30), 14.0, floors)
            else:
                plants.add_tree(frame, self.rng, max_height_m=16.0)

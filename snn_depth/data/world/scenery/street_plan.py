"""The measures of one street, drawn before anything stands in it."""

from dataclasses import dataclass

import numpy as np

from snn_depth.data.world.geometry.terrain import CELL_LENGTH_M
from snn_depth.data.world.scenery.layouts import Layout

LANE_M = 3.2
_PARKING_M = 2.2
_BEHIND_M = 3 * CELL_LENGTH_M
_AHEAD_M = 14 * CELL_LENGTH_M


@dataclass(frozen=True)
class StreetPlan:
    """Measures of a street along world x, all in metres.

    Attributes:
        lanes_half_m: Half of the width of all lanes.
        half_width_m: Half of the carriageway, with parking.
        pavement_m: Width of each pavement; 0 for none.
        parking: Whether cars park on the right and on the left.
        start_m: Where things begin to stand, behind the camera.
        end_m: Where they end.
        closed_at_m: Front of the houses that close the road; `end_m` for an open road.
    """

    num_lanes: int
    lanes_half_m: float
    half_width_m: float
    pavement_m: float
    parking: tuple[bool, bool]
    is_one_way: bool
    start_m: float
    end_m: float
    closed_at_m: float

    @classmethod
    def draw(cls, rng: np.random.Generator, layout: Layout, route_m: float) -> "StreetPlan":
        """Draw the measures; the camera's drive begins at x = 0."""
        num_lanes = int(rng.choice(layout.num_lanes))
        parking = rng.random(2) < layout.parking_probability
        lanes_half_m = num_lanes * LANE_M / 2 + rng.uniform(0.0, 0.6)
        pavement_m = 0.0
        if rng.random() >= layout.no_pavement_probability:
            pavement_m = rng.uniform(*layout.pavement_m)
        end_m = closed_at_m = route_m + _AHEAD_M
        if rng.random() < layout.closed_end_probability:
            closed_at_m = route_m + rng.uniform(9, 60)
        return cls(
            num_lanes,
            lanes_half_m,
            half_width_m=lanes_half_m + (_PARKING_M if parking.any() else 0.0),
            pavement_m=pavement_m,
            parking=(bool(parking[0]), bool(parking[1])),
            is_one_way=num_lanes == 1 or rng.random() < 0.3,
            start_m=-_BEHIND_M,
            end_m=end_m,
            closed_at_m=closed_at_m,
        )

    @property
    def edge_m(self) -> float:
        """Outer edge of the pavements."""
        return self.half_width_m + self.pavement_m

    def ego_lane_m(self) -> tuple[float, float]:
        """Range of positions across the road that the camera may drive at."""
        # One-way roads leave the camera any lane; else it keeps to the right.
        low = -self.lanes_half_m + 1.2
        return low, max(low, self.lanes_half_m - 1.2 if self.is_one_way else -1.0)

    def draw_oncoming_lane_m(self, rng: np.random.Generator) -> float | None:
        """Position across the road of oncoming traffic; None on a one-way road."""
        if self.is_one_way:
            return None
        return LANE_M / 2 + rng.uniform(0.0, self.lanes_half_m - LANE_M)

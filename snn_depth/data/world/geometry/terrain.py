"""The ground: a hilly road with kerbs, pavements and banks, made of plane cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.world.geometry.primitives import Material, PrimitiveList
from snn_depth.data.world.geometry.shapes import Shape

CELL_LENGTH_M = 9.0
KERB_M = 0.14
_THICKNESS_M = 2.0
_HALF_WIDTH_M = 90.0
_BEYOND_M = 45 * CELL_LENGTH_M


@dataclass(frozen=True)
class Terrain:
    """Height of the ground: a profile along the road plus one across it.

    Both are piecewise linear, so that the ground is plane over each cell of their grid.

    `rise_m` (K,) is at `x_m` along the road; `across_m` (J,), against the road, is at `y_m`,
    ascending from right to left. Beyond `kerb_y_m` from the middle the ground is one kerb higher.
    """

    x_m: NDArray[np.float64]
    rise_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    across_m: NDArray[np.float64]
    kerb_y_m: float

    def height(self, x: float, y: float) -> float:
        """Height of the ground in metres."""
        road = np.interp(x, self.x_m, self.rise_m) + np.interp(y, self.y_m, self.across_m)
        return float(road + (KERB_M if abs(y) > self.kerb_y_m else 0.0))

    def slope(self, x: float, reach_m: float = 2.0) -> float:
        """Rise of the road per metre around x."""
        ends = np.interp([x - reach_m, x + reach_m], self.x_m, self.rise_m)
        return float((ends[1] - ends[0]) / (2 * reach_m))


def make_terrain(
    rng: np.random.Generator,
    start_m: float,
    end_m: float,
    *,
    road_half_width_m: float,
    pavement_m: float,
    max_slope: float,
    bank_slopes: tuple[float, float],
) -> Terrain:
    """Draw the profile of the road.

    Args:
        end_m: Where hills end; the ground goes on level beyond.
        bank_slopes: Rise per metre of the land to the right and to the left of the pavements.
    """
    num_cells = int(np.ceil((end_m - start_m) / CELL_LENGTH_M))
    x_m = start_m + CELL_LENGTH_M * np.arange(num_cells + 1, dtype=np.float64)
    # Slopes wander as hills do: a sum of slow waves along the road.
    slope = np.zeros(num_cells)
    for _ in range(3):
        length_m, phase = rng.uniform(50, 220), rng.uniform(0, 2 * np.pi)
        slope += rng.normal() * np.sin(2 * np.pi * x_m[1:] / length_m + phase)
    slope = max_slope * np.tanh(0.7 * slope)
    rise_m = np.append(0.0, np.cumsum(slope * CELL_LENGTH_M))
    x_m = np.append(x_m, x_m[-1] + _BEYOND_M)
    rise_m = np.append(rise_m, rise_m[-1])
    edge = road_half_width_m + pavement_m
    right, left = bank_slopes
    reach = _HALF_WIDTH_M - edge
    y_m = np.array([-_HALF_WIDTH_M, -edge, edge, _HALF_WIDTH_M])
    across_m = np.array([right * reach, 0.0, 0.0, left * reach])
    return Terrain(x_m, rise_m, y_m, across_m, road_half_width_m)


def add_ground(
    primitives: PrimitiveList,
    terrain: Terrain,
    pavement_m: float,
    road: Material,
    pavement: Material,
    land: Material,
) -> None:
    """Add the cells of the ground; the width of each pavement is 0 for none."""
    kerb, edge = terrain.kerb_y_m, terrain.kerb_y_m + pavement_m
    strips = [(-_HALF_WIDTH_M, -edge, land), (-kerb, kerb, road), (edge, _HALF_WIDTH_M, land)]
    if pavement_m > 0:
        strips += [(-edge, -kerb, pavement), (kerb, edge, pavement)]
    for x0, x1 in zip(terrain.x_m[:-1], terrain.x_m[1:], strict=True):
        for y0, y1, material in strips:
            add_ground_patch(primitives, terrain, (x0, x1), (y0, y1), material)


def add_ground_patch(
    primitives: PrimitiveList,
    terrain: Terrain,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    material: Material,
    *,
    lift_m: float = 0.0,
    thickness_m: float = _THICKNESS_M,
) -> None:
    """Add a plane patch that lies on the ground; it must stay within one cell.

    Args:
        thickness_m: How far the patch reaches down.
    """
    (x0, x1), (y0, y1) = x_range, y_range
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    # Heights just inside the patch: kerbs are steps.
    low, high = y0 + 1e-6, y1 - 1e-6
    along = terrain.height(x1, y) - terrain.height(x0, y)
    across = terrain.height(x, high) - terrain.height(x, low)
    center_z = (terrain.height(x, low) + terrain.height(x, high)) / 2 + lift_m - thickness_m / 2
    linear = np.array([[x1 - x0, 0.0, 0.0], [0.0, y1 - y0, 0.0], [along, across, thickness_m]]) / 2
    primitives.add(Shape.BOX, (x, y, center_z), linear, material)

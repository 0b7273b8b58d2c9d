"""Town houses, detached houses and bridges, each in its `Frame`; random sizes in metres."""

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame
from snn_depth.data.world.geometry.shapes import Shape
from snn_depth.data.world.scenery import palette

# How deep things reach into the ground, so that no slope uncovers their bottom.
_ROOTS_M = 2.5


def add_building(
    frame: Frame, rng: np.random.Generator, length_m: float, depth_m: float, num_floors: int
) -> None:
    """A town house; its front is the frame's right side (y = 0), it reaches to the left."""
    floor_m = rng.uniform(2.9, 3.4)
    base_m = 3.8
    height = base_m + floor_m * num_floors
    front = palette.facade(rng, floor_m)
    middle = depth_m / 2
    upper = height - base_m
    frame.add(Shape.BOX, (0, middle, base_m + upper / 2), (length_m, depth_m, upper), front)
    ground_floor = palette.shop(rng) if rng.random() < 0.6 else palette.plain_wall(rng)
    inset = rng.choice([-0.15, 0.12])
    frame.add(
        Shape.BOX,
        (0, middle, base_m / 2),
        (length_m - 2 * inset, depth_m - 2 * inset, base_m),
        ground_floor,
    )
    _add_plinth(frame, length_m, depth_m)
    style = rng.random()
    if style < 0.35:
        rise = rng.uniform(2.0, 4.0)
        frame.add(
            Shape.FRUSTUM,
            (0, middle, height + rise / 2),
            (length_m + 0.5, depth_m + 0.7, rise),
            palette.roof(rng),
            taper=(0.0, 1.0),
        )
    elif style < 0.75:
        cornice = (0, middle, height + 0.15)
        frame.add(Shape.BOX, cornice, (length_m + 0.4, depth_m + 0.6, 0.5), palette.CONCRETE)
    if rng.random() < 0.3:
        bay = (rng.uniform(-0.2, 0.2) * length_m, -0.4, base_m + upper / 2)
        frame.add(Shape.BOX, bay, (0.3 * length_m, 1.2, 0.92 * upper), front)


def add_house(frame: Frame, rng: np.random.Generator) -> float:
    """A detached house with a gable roof; its front is at y = 0. Returns its length in metres."""
    length, depth = rng.uniform(8, 14), rng.uniform(7, 11)
    num_floors = int(rng.integers(1, 3))
    floor_m = 2.8
    height = floor_m * num_floors + 0.5
    wall = palette.facade(rng, floor_m)
    middle = depth / 2
    frame.add(
        Shape.BOX,
        (0, middle, height / 2),
        (length, depth, height),
        wall,
    )
    _add_plinth(frame, length, depth)
    rise = rng.uniform(2.2, 4.2)
    taper = (0.0, 1.0) if rng.random() < 0.6 else (0.45, 1.0)
    eaves = (length + 0.9, depth + 1.0, rise)
    frame.add(Shape.FRUSTUM, (0, middle, height + rise / 2), eaves, palette.roof(rng), taper=taper)
    frame.add(
        Shape.BOX, (0.25 * length, 0.6 * depth, height + rise), (0.7, 0.7, 1.8), palette.CONCRETE
    )
    door = (rng.uniform(-0.2, 0.2) * length, -0.02, 1.05)
    frame.add(Shape.BOX, door, (1.1, 0.12, 2.1), palette.cloth(rng))
    if rng.random() < 0.6:
        side = rng.choice([-1, 1])
        garage = (side * (length / 2 + 1.7), middle, 0.1)
        frame.add(Shape.BOX, garage, (3.4, 0.7 * depth, 2.8 + _ROOTS_M), palette.plain_wall(rng))
    return length


def add_bridge(frame: Frame, rng: np.random.Generator, span_m: float) -> float:
    """A bridge that crosses over the road on two abutments; returns its width along the road."""
    clearance, thickness = rng.uniform(4.6, 5.8), rng.uniform(0.9, 1.5)
    width = rng.uniform(4, 12)
    material = palette.CONCRETE if rng.random() < 0.6 else palette.plain_wall(rng)
    center_z = clearance + thickness / 2
    frame.add(Shape.BOX, (0, 0, center_z), (width, span_m + 30, thickness), material)
    for forward in (-0.5, 0.5):
        rail = (forward * (width - 0.2), 0, clearance + thickness + 0.5)
        frame.add(Shape.BOX, rail, (0.15, span_m + 30, 1.0), palette.METAL)
    for side in (-0.5, 0.5):
        pier = (0, side * (span_m + 1.2), (clearance - _ROOTS_M) / 2)
        frame.add(Shape.BOX, pier, (width, 1.2, clearance + _ROOTS_M), material)
    return float(width)


def _add_plinth(frame: Frame, length: float, depth: float) -> None:
    """Foundations, seen where the ground falls away."""
    size = (length + 0.1, depth + 0.1, _ROOTS_M + 0.3)
    frame.add(Shape.BOX, (0, depth / 2, (0.3 - _ROOTS_M) / 2), size, palette.CONCRETE)

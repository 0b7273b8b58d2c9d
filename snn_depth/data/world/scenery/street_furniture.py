"""People and the small things beside a road, each in its `Frame`; random sizes in metres."""

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame, Material
from snn_depth.data.world.geometry.shapes import Shape
from snn_depth.data.world.scenery import palette

# How deep things reach into the ground, so that no slope uncovers their bottom.
_ROOTS_M = 2.5


def add_person(frame: Frame, rng: np.random.Generator) -> None:
    """A standing or walking person."""
    height = rng.uniform(1.5, 1.92)
    hip, neck = 0.5 * height, 0.84 * height
    stride = rng.uniform(0.05, 0.22)
    trousers, coat = palette.cloth(rng), palette.cloth(rng)
    for side in (-1, 1):
        center = (side * stride, side * 0.09, hip / 2)
        frame.add(Shape.CONE, center, (0.17, 0.17, hip + 0.05), trousers)
        arm = (-side * stride / 2, side * 0.27, (hip + neck) / 2)
        frame.add(Shape.CONE, arm, (0.11, 0.11, neck - hip), coat)
    torso = (0, 0, (hip + neck) / 2)
    frame.add(Shape.CONE, torso, (0.30, 0.46, neck - hip + 0.06), coat, taper=(0.15, 0))
    frame.add(Shape.BALL, (0, 0, 0.925 * height), (0.21, 0.19, 0.26), palette.SKIN)


def add_street_lamp(frame: Frame, height_m: float, reach_m: float) -> None:
    """A pole with an arm over the road (to the left of the frame)."""
    frame.add(
        Shape.CONE,
        (0, 0, (height_m - _ROOTS_M) / 2),
        (0.2, 0.2, height_m + _ROOTS_M),
        palette.METAL,
        taper=(0.4, 0),
    )
    frame.add(Shape.BOX, (0, reach_m / 2, height_m), (0.09, reach_m, 0.09), palette.METAL)
    frame.add(Shape.BOX, (0, reach_m, height_m - 0.06), (0.3, 0.6, 0.12), palette.LAMP)


def add_sign(frame: Frame, rng: np.random.Generator) -> None:
    """A traffic sign on a pole, facing back along the frame's x axis."""
    height, size = rng.uniform(2.2, 3.0), rng.uniform(0.6, 1.0)
    frame.add(
        Shape.CONE,
        (0.04, 0, (height - _ROOTS_M) / 2),
        (0.08, 0.08, height + _ROOTS_M),
        palette.METAL,
    )
    wide = size * rng.choice([1.0, 1.0, 1.8])
    frame.add(Shape.BOX, (0, 0, height), (0.04, wide, size), palette.sign_face(rng))


def add_gantry(frame: Frame, rng: np.random.Generator, span_m: float) -> None:
    """A sign bridge over the whole road."""
    height = rng.uniform(5.2, 6.2)
    for side in (-0.5, 0.5):
        frame.add(
            Shape.BOX,
            (0, side * span_m, (height - _ROOTS_M) / 2),
            (0.35, 0.35, height + _ROOTS_M),
            palette.METAL,
        )
    frame.add(Shape.BOX, (0, 0, height), (0.35, span_m, 0.4), palette.METAL)
    for _ in range(int(rng.integers(1, 3))):
        wide = rng.uniform(2.2, 4.0)
        left = rng.uniform(-0.3, 0.3) * span_m
        frame.add(Shape.BOX, (-0.25, left, height), (0.08, wide, 1.7), palette.sign_face(rng))


def add_wall(
    frame: Frame, rng: np.random.Generator, length_m: float, height_m: float, material: Material
) -> None:
    """A straight wall, fence or hedge along the frame's x axis."""
    thickness = rng.uniform(0.5, 1.0) if material.foliage else rng.uniform(0.15, 0.35)
    frame.add(
        Shape.BOX,
        (0, 0, (height_m - _ROOTS_M) / 2),
        (length_m, thickness, height_m + _ROOTS_M),
        material,
    )


def add_bin(frame: Frame, rng: np.random.Generator) -> None:
    """A container, a switch box or a bin."""
    length, width, height = rng.uniform(0.6, 2.0), rng.uniform(0.5, 1.0), rng.uniform(0.8, 1.6)
    box = (0, 0, (height - 0.5) / 2)
    frame.add(Shape.BOX, box, (length, width, height + 0.5), palette.cloth(rng))


def add_shelter(frame: Frame, rng: np.random.Generator) -> None:
    """A bus stop: a roof on a back wall of glass, open towards the right."""
    length, poster = rng.uniform(3, 5), palette.cloth(rng)
    frame.add(Shape.BOX, (0, 0.8, 2.45), (length, 1.7, 0.12), palette.METAL)
    frame.add(Shape.BOX, (0, 1.5, 1.1), (length, 0.06, 2.4), palette.GLASS)
    for forward in (-0.5, 0.5):
        frame.add(Shape.BOX, (forward * length, 0.8, 1.0), (0.08, 1.4, 2.8), poster)

"""Trees and shrubs, each in its `Frame`; random sizes in metres."""

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame
from snn_depth.data.world.geometry.shapes import Shape
from snn_depth.data.world.scenery import palette

# How deep things reach into the ground, so that no slope uncovers their bottom.
_ROOTS_M = 2.5


def add_tree(frame: Frame, rng: np.random.Generator, *, max_height_m: float = 11.0) -> None:
    """A broad-leaved tree: a trunk and a crown of several balls of leaves."""
    height = rng.uniform(4.5, max_height_m)
    trunk = rng.uniform(0.22, 0.36) * height
    thickness = 0.035 * height + 0.08
    crown_radius = rng.uniform(0.24, 0.36) * height
    material = palette.leaves(rng)
    frame.add(
        Shape.CONE,
        (0, 0, (trunk + 0.35 * height - _ROOTS_M) / 2),
        (thickness, thickness, trunk + 0.35 * height + _ROOTS_M),
        palette.BARK,
        taper=(0.3, 0),
    )
    for _ in range(int(rng.integers(5, 8))):
        angle, out = rng.uniform(0, 2 * np.pi), crown_radius * rng.uniform(0.1, 0.6)
        size = crown_radius * rng.uniform(0.9, 1.35, 3) * np.array([1, 1, 0.85])
        center_z = rng.uniform(trunk + 0.45 * size[2], height - 0.5 * size[2])
        center = (out * np.cos(angle), out * np.sin(angle), center_z)
        frame.add(Shape.BALL, center, size, material)


def add_conifer(frame: Frame, rng: np.random.Generator) -> None:
    """A fir: a trunk and three cones."""
    height, radius = rng.uniform(4, 13), rng.uniform(0.14, 0.2)
    material = palette.leaves(rng)
    frame.add(
        Shape.CONE,
        (0, 0, (0.2 * height - _ROOTS_M) / 2),
        (0.3, 0.3, 0.2 * height + _ROOTS_M),
        palette.BARK,
    )
    for low, high, share in ((0.1, 0.55, 1.0), (0.35, 0.8, 0.75), (0.6, 1.0, 0.5)):
        size = 2 * radius * height * share
        frame.add(
            Shape.CONE,
            (0, 0, (low + high) / 2 * height),
            (size, size, (high - low) * height),
            material,
            taper=(1.0, 0),
        )


def add_bush(frame: Frame, rng: np.random.Generator) -> None:
    """A shrub of two or three balls."""
    material = palette.leaves(rng)
    for _ in range(int(rng.integers(2, 4))):
        size = rng.uniform(0.7, 1.8, 3) * np.array([1, 1, 0.8])
        center = (*rng.uniform(-0.4, 0.4, 2), 0.35 * size[2])
        frame.add(Shape.BALL, center, size, material)

"""Small hand-made scenes for the tests of the world."""

import numpy as np
import torch

from snn_depth.data.world.geometry.primitives import Frame, Material, PrimitiveList, Primitives
from snn_depth.data.world.geometry.shapes import Shape

GREY = Material((0.4, 0.4, 0.4))


def looking_along_x(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> torch.Tensor:
    """Camera to world of a level camera that looks along world x."""
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = torch.tensor([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    pose[:3, 3] = torch.tensor([x, y, z])
    return pose


def one(shape: Shape, center: tuple, size: tuple, yaw: float = 0.0, **options) -> Primitives:
    """A scene of one primitive."""
    primitives = PrimitiveList()
    Frame(primitives, (0.0, 0.0, 0.0)).add(shape, center, size, GREY, yaw=yaw, **options)
    return primitives.build()


def random_scene(seed: int, count: int = 24) -> Primitives:
    """Random shapes around and behind a camera at the origin."""
    rng = np.random.default_rng(seed)
    primitives = PrimitiveList()
    for _ in range(count):
        Frame(primitives, (0.0, 0.0, 0.0), slope=rng.uniform(-0.2, 0.2)).add(
            Shape(int(rng.integers(4))),
            rng.uniform((-6, -8, -4), (30, 8, 4)),
            rng.uniform(0.3, 5.0, 3),
            GREY,
            yaw=rng.uniform(-3, 3),
            roll=rng.uniform(-3, 3),
            taper=tuple(rng.uniform(0, 1, 2)),
        )
    return primitives.build()

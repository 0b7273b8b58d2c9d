"""Primitives: affine images of unit shapes, each with a material."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from snn_depth.data.world.geometry.shapes import Shape

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    A second colour covers a grid of rectangles (windows, lane markings, planks): a period and a
    covered share along each of two surface coordinates, in metres from the shape's edge.

    Attributes:
        color: Linear albedo.
        accent: Linear albedo of the pattern.
        period_v_m: Vertical period; on horizontal faces the period across.
        share_u: Covered share of a horizontal period; 0 switches the pattern off, 1 covers all.
        sides_only: Whether horizontal faces are free of the pattern (1) or not (0).
        texture_strength: Relative contrast of the fractal texture.
        texture_length_m: Wavelength of its coarsest octave.
        glow: Radiance given off by itself in the dark, 0..1, of the pattern where there is one.
        gloss: Strength of the sky's reflection.
        foliage: 1 for leaves, which scatter light through.
    """

    color: Color
    accent: Color = (0.0, 0.0, 0.0)
    period_u_m: float = 1.0
    period_v_m: float = 1.0
    share_u: float = 0.0
    share_v: float = 0.0
    sides_only: float = 1.0
    texture_strength: float = 0.2
    texture_length_m: float = 1.0
    glow: float = 0.0
    gloss: float = 0.0
    foliage: float = 0.0

    @cached_property
    def row(self) -> list[float]:
        """All values in a flat list, in the order of the fields."""
        values: list[float] = []
        for item in fields(self):
            value = getattr(self, item.name)
            values += value if isinstance(value, tuple) else [value]
        return values


@dataclass(frozen=True)
class Primitives:
    """A scene as one table of primitives.

    Attributes:
        shape: `Shape` of each, int64 (P,).
        world_from_local: Linear part of the affine map, float64 (P, 3, 3).
        center: Translation of the map, float64 (P, 3).
        taper: float32 (P, 2), see `shapes`.
        material: `Material.row` of each, float32 (P, M).
        extent_m: Size along the shape's own axes, float32 (P, 3).
    """

    shape: Tensor
    world_from_local: Tensor
    local_from_world: Tensor
    center: Tensor
    taper: Tensor
    material: Tensor
    extent_m: Tensor

    def __len__(self) -> int:
        return len(self.shape)

    def to(self, device: torch.device | str) -> "Primitives":
        """The same scene on another device."""
        return Primitives(*(getattr(self, item.name).to(device) for item in fields(self)))

    def select(self, index: Tensor) -> "Primitives":
        """The primitives at an index or under a mask."""
        return Primitives(*(getattr(self, item.name)[index] for item in fields(self)))

    def join(self, other: "Primitives") -> "Primitives":
        """These primitives, then the other ones."""
        pairs = ((getattr(self, item.name), getattr(other, item.name)) for item in fields(self))
        return Primitives(*(torch.cat(pair) for pair in pairs))


class PrimitiveList:
    """Collects primitives while a scene is laid out."""

    def __init__(self) -> None:
        self._shape: list[int] = []
        self._linear: list[ArrayLike] = []
        self._center: list[ArrayLike] = []
        self._taper: list[tuple[float, float]] = []
        self._material: list[list[float]] = []

    def __len__(self) -> int:
        return len(self._shape)

    def add(
        self,
        shape: Shape,
        center: ArrayLike,
        linear: ArrayLike,
        material: Material,
        taper: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Add the image of a unit shape.

        Args:
            center: World position of the shape's origin in metres, (3,).
            linear: Columns are the world images of the local unit axes, (3, 3).
        """
        self._shape.append(int(shape))
        self._linear.append(linear)
        self._center.append(center)
        self._taper.append(taper)
        self._material.append(material.row)

    def build(self) -> Primitives:
        """Everything added so far as tensors."""
        linear = np.array(self._linear, dtype=np.float64)
        extent_m = 2 * np.linalg.norm(linear, axis=1)
        # Along x measured level, so that patterns continue over changes of the road's slope.
        level_m = 2 * np.linalg.norm(linear[:, :2, 0], axis=1)
        extent_m[:, 0] = np.where(level_m > 0.5 * extent_m[:, 0], level_m, extent_m[:, 0])
        return Primitives(
            torch.tensor(self._shape, dtype=torch.int64),
            torch.from_numpy(linear),
            torch.from_numpy(np.linalg.inv(linear)),
            torch.from_numpy(np.array(self._center, dtype=np.float64)),
            torch.tensor(self._taper, dtype=torch.float32),
            torch.tensor(self._material, dtype=torch.float32),
            torch.from_numpy(extent_m).float(),
        )


@dataclass(frozen=True)
class Frame:
    """Where an object stands: its own axes are forward, left, up from a point on the ground.

    Attributes:
        position: World position of the object's origin in metres.
        yaw: Heading, radians from world x to y.
        slope: Rise per metre along world x; tilts vehicles with the road.
    """

    primitives: PrimitiveList
    position: tuple[float, float, float]
    yaw: float = 0.0
    slope: float = 0.0

    def add(
        self,
        shape: Shape,
        center: Sequence[float],
        size: Sequence[float],
        material: Material,
        *,
        yaw: float = 0.0,
        roll: float = 0.0,
        taper: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Add a part of the object.

        Args:
            center: Centre of the part in the object's axes, metres.
            yaw: Turn of the part about the vertical, radians.
            roll: Turn of the part about its own x axis before that, radians.
        """
        # turn(yaw) tip(roll) diag(size / 2), written out: thousands of these are made.
        cos, sin = math.cos(self.yaw + yaw), math.sin(self.yaw + yaw)
        cos_roll, sin_roll = math.cos(roll), math.sin(roll)
        x, y, z = size[0] / 2, size[1] / 2, size[2] / 2
        first = [cos * x, -sin * cos_roll * y, sin * sin_roll * z]
        second = [sin * x, cos * cos_roll * y, -cos * sin_roll * z]
        third = [
            self.slope * first[0],
            sin_roll * y + self.slope * first[1],
            cos_roll * z + self.slope * first[2],
        ]
        position = self._to_world(*center)
        self.primitives.add(shape, position, [first, second, third], material, taper)

    def moved(self, forward: float, left: float, up: float = 0.0, yaw: float = 0.0) -> "Frame":
        """The frame of a part that is an object itself."""
        position = self._to_world(forward, left, up)
        return replace(self, position=position, yaw=self.yaw + yaw)

    def _to_world(self, forward: float, left: float, up: float) -> tuple[float, float, float]:
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        x, y = cos * forward - sin * left, sin * forward + cos * left
        return (
            self.position[0] + x,
            self.position[1] + y,
            self.position[2] + up + self.slope * x,
        )

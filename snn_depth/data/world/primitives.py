"""Primitives: affine images of unit shapes, each with a material."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from snn_depth.data.world.shapes import Shape

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    A second colour covers a grid of rectangles (windows, lane markings, planks): a period and a
    covered share along each of two surface coordinates, in metres from the shape's edge.

    Attributes:
        color: Linear albedo.
        accent: Linear albedo of the pattern.
        period_u_m: Horizontal period of the pattern.
        period_v_m: Vertical period; on horizontal faces the period across.
        share_u: Covered share of a horizontal period; 0 switches the pattern off, 1 covers all.
        share_v: Covered share of a vertical period.
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
        local_from_world: Its inverse.
        center: Translation of the map, float64 (P, 3).
        taper: float32 (P, 2), see `shapes`.
        material: `Material.row` of each, float32 (P, M).
    """

    shape: Tensor
    world_from_local: Tensor
    local_from_world: Tensor
    center: Tensor
    taper: Tensor
    material: Tensor

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
        self._linear: list[NDArray[np.float64]] = []
        self._center: list[ArrayLike] = []
        self._taper: list[tuple[float, float]] = []
        self._material: list[list[float]] = []

    def __len__(self) -> int:
        return len(self._shape)

    def add(
        self,
        shape: Shape,
        center: ArrayLike,
        linear: NDArray[np.float64],
        material: Material,
        taper: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Add the image of a unit shape.

        Args:
            shape: Unit shape.
            center: World position of the shape's origin in metres, (3,).
            linear: Columns are the world images of the local unit axes, (3, 3).
            material: Look.
            taper: Narrowing of the top along the local x and y.
        """
        self._shape.append(int(shape))
        self._linear.append(linear)
        self._center.append(center)
        self._taper.append(taper)
        self._material.append(material.row())

    def build(self) -> Primitives:
        """Everything added so far as tensors."""
        linear = torch.from_numpy(np.array(self._linear, dtype=np.float64))
        return Primitives(
            torch.tensor(self._shape, dtype=torch.int64),
            linear,
            torch.linalg.inv(linear),
            torch.from_numpy(np.array(self._center, dtype=np.float64)),
            torch.tensor(self._taper, dtype=torch.float32),
            torch.tensor(self._material, dtype=torch.float32),
        )


@dataclass(frozen=True)
class Frame:
    """Where an object stands: its own axes are forward, left, up from a point on the ground.

    Attributes:
        primitives: Receives the parts.
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
            shape: Unit shape.
            center: Centre of the part in the object's axes, metres.
            size: Extent of the part along its own axes, metres.
            material: Look.
            yaw: Turn of the part about the vertical, radians.
            roll: Turn of the part about its own x axis before that, radians.
            taper: Narrowing of the top.
        """
        cos_r, sin_r = np.cos(roll), np.sin(roll)
        rolled = np.array([[1, 0, 0], [0, cos_r, -sin_r], [0, sin_r, cos_r]])
        base = self._turn(self.yaw)
        linear = base @ self._turn(yaw) @ rolled @ np.diag(np.asarray(size, np.float64) / 2)
        linear[2] += self.slope * linear[0]
        offset = base @ np.asarray(center, np.float64)
        offset[2] += self.slope * offset[0]
        self.primitives.add(shape, np.asarray(self.position) + offset, linear, material, taper)

    def moved(self, forward: float, left: float, up: float = 0.0, yaw: float = 0.0) -> "Frame":
        """The frame of a part that is an object itself."""
        offset = self._turn(self.yaw) @ np.array([forward, left, up])
        x, y, z = self.position
        position = (x + offset[0], y + offset[1], z + offset[2] + self.slope * offset[0])
        return replace(self, position=position, yaw=self.yaw + yaw)

    @staticmethod
    def _turn(yaw: float) -> NDArray[np.float64]:
        cos, sin = np.cos(yaw), np.sin(yaw)
        return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])

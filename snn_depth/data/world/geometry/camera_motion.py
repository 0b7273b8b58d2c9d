"""Ego motion: where the camera is and looks as a smooth function of the distance driven."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from snn_depth.data.world.geometry.terrain import Terrain


@dataclass(frozen=True)
class Mount:
    """How a layout's camera is mounted and driven; ranges are drawn from uniformly.

    Attributes:
        pitch_deg: Downward tilt against the road.
        roll_deg: Largest roll either way.
        yaw_deg: Largest steady deviation from the road's direction either way.
        side_view_probability: Share of scenes that look more to the side, as when turning.
    """

    height_m: tuple[float, float]
    pitch_deg: tuple[float, float]
    roll_deg: float
    yaw_deg: float
    side_view_probability: float
    side_view_deg: tuple[float, float]
    speed_mps: tuple[float, float]


@dataclass(frozen=True)
class Wave:
    """A slow random function of the distance driven: mean + sum of a_i sin(2 pi s / l_i + p_i)."""

    mean: float
    amplitude: np.ndarray
    length_m: np.ndarray
    phase: np.ndarray

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        mean: float,
        spread: float,
        length_m: tuple[float, float] = (25.0, 90.0),
    ) -> "Wave":
        """Draw a function that stays within `spread` of its mean."""
        return cls(
            mean,
            spread * np.array([0.65, 0.35]),
            rng.uniform(*length_m, 2),
            rng.uniform(0, 2 * np.pi, 2),
        )

    def at(self, distance_m: float) -> float:
        """Value after a distance."""
        waves = self.amplitude * np.sin(2 * np.pi * distance_m / self.length_m + self.phase)
        return float(self.mean + waves.sum())


@dataclass(frozen=True)
class Drive:
    """One drive along the road; angles in radians.

    Attributes:
        pitch: Downward tilt against the road's slope.
        yaw: Against the road's direction, to the left.
    """

    terrain: Terrain
    lateral_m: Wave
    height_m: Wave
    pitch: Wave
    roll: Wave
    yaw: Wave
    speed_mps: float

    def pose(self, distance_m: float) -> Tensor:
        """Camera to world, float64 (4, 4), after a distance along the road, which is world x."""
        y = self.lateral_m.at(distance_m)
        z = self._ground(distance_m, y) + self.height_m.at(distance_m)
        slope = self.terrain.slope(distance_m, reach_m=4.0)
        pitch = self.pitch.at(distance_m) - np.arctan(slope)
        rotation = _rotation(self.yaw.at(distance_m), pitch, self.roll.at(distance_m))
        pose = torch.eye(4, dtype=torch.float64)
        pose[:3, :3] = torch.from_numpy(rotation)
        pose[:3, 3] = torch.tensor([distance_m, y, z], dtype=torch.float64)
        return pose

    def _ground(self, x: float, y: float) -> float:
        # A wheel base long, so that the camera does not jerk where the slope changes.
        return float(np.mean([self.terrain.height(x + dx, y) for dx in (-2, -1, 0, 1, 2)]))


def draw_drive(
    rng: np.random.Generator, mount: Mount, terrain: Terrain, lane_m: tuple[float, float]
) -> Drive:
    """Draw a drive; nothing stands in the way in the range `lane_m` across the road."""
    low, high = lane_m
    center = rng.uniform(low, high)
    wander = min(0.8, center - low, high - center)
    yaw_deg = rng.uniform(-mount.yaw_deg, mount.yaw_deg)
    if rng.random() < mount.side_view_probability:
        yaw_deg = rng.choice([-1, 1]) * rng.uniform(*mount.side_view_deg)
    height_m = rng.uniform(*mount.height_m)
    return Drive(
        terrain,
        lateral_m=Wave.draw(rng, center, wander),
        height_m=Wave.draw(rng, height_m, 0.04 * height_m),
        pitch=Wave.draw(rng, np.radians(rng.uniform(*mount.pitch_deg)), np.radians(1.0)),
        roll=Wave.draw(rng, 0.0, np.radians(mount.roll_deg)),
        yaw=Wave.draw(rng, np.radians(yaw_deg), np.radians(5.0)),
        speed_mps=rng.uniform(*mount.speed_mps),
    )


def _rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Camera axes (right, down, forward) as columns in world axes (forward, left, up)."""
    level = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=np.float64)
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    turn = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    # About the camera's own x axis; positive looks down.
    tilt = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tumble = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return turn @ level @ tilt @ tumble

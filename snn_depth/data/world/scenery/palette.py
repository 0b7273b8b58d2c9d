"""Materials of the world; colours are linear albedos."""

from dataclasses import replace

import numpy as np

from snn_depth.data.world.geometry.primitives import Color, Material

ASPHALT = Material((0.11, 0.11, 0.115), texture_strength=0.18, texture_length_m=0.7)
PAINT = Material((0.62, 0.62, 0.58), texture_strength=0.18, texture_length_m=0.6)
PAVEMENT = Material(
    (0.34, 0.32, 0.30),
    accent=(0.20, 0.19, 0.18),
    period_u_m=0.75,
    period_v_m=1.0,
    share_u=0.09,
    share_v=1.0,
    sides_only=0.0,
    texture_strength=0.22,
    texture_length_m=0.9,
)
GRASS = Material((0.13, 0.20, 0.06), texture_strength=0.32, texture_length_m=0.9)
SOIL = Material((0.24, 0.18, 0.12), texture_strength=0.34, texture_length_m=1.0)
BARK = Material((0.17, 0.12, 0.085), texture_strength=0.45, texture_length_m=0.35)
METAL = Material((0.32, 0.33, 0.34), texture_strength=0.10, texture_length_m=0.6, gloss=0.3)
TIRE = Material((0.03, 0.03, 0.032), texture_strength=0.1, texture_length_m=0.3)
GLASS = Material((0.05, 0.06, 0.07), texture_strength=0.05, gloss=0.9)
CONCRETE = Material((0.40, 0.39, 0.37), texture_strength=0.20, texture_length_m=1.4)
SKIN = Material((0.45, 0.30, 0.22), texture_strength=0.05)
LAMP = Material((0.9, 0.85, 0.7), texture_strength=0.0, glow=1.0)
HEADLAMP = Material((0.85, 0.85, 0.85), texture_strength=0.0, glow=0.9)
TAIL_LAMP = Material((0.55, 0.03, 0.03), texture_strength=0.0, glow=0.7)

_WALLS: tuple[Color, ...] = (
    (0.55, 0.47, 0.36),  # sandstone
    (0.42, 0.19, 0.13),  # brick
    (0.62, 0.60, 0.55),  # plaster
    (0.36, 0.37, 0.39),  # concrete
    (0.55, 0.40, 0.25),  # ochre
    (0.40, 0.45, 0.50),  # blue grey
    (0.68, 0.62, 0.48),  # cream
    (0.28, 0.24, 0.22),  # dark stone
)
_CARS: tuple[Color, ...] = (
    (0.70, 0.70, 0.70),
    (0.04, 0.04, 0.045),
    (0.30, 0.31, 0.33),
    (0.50, 0.05, 0.05),
    (0.05, 0.10, 0.35),
    (0.62, 0.60, 0.52),
    (0.08, 0.22, 0.12),
    (0.65, 0.45, 0.05),
)
_CLOTHES: tuple[Color, ...] = (
    (0.06, 0.07, 0.12),
    (0.40, 0.06, 0.06),
    (0.10, 0.20, 0.40),
    (0.50, 0.48, 0.42),
    (0.15, 0.22, 0.12),
    (0.60, 0.50, 0.10),
)
_ROOFS: tuple[Color, ...] = ((0.36, 0.13, 0.08), (0.17, 0.16, 0.17), (0.26, 0.19, 0.14))
_LEAVES: tuple[Color, ...] = (
    (0.09, 0.17, 0.04),
    (0.13, 0.21, 0.05),
    (0.06, 0.12, 0.04),
    (0.19, 0.19, 0.05),
    (0.24, 0.13, 0.04),
)


def _pick(rng: np.random.Generator, colors: tuple[Color, ...], spread: float = 0.2) -> Color:
    color = np.array(colors[rng.integers(len(colors))])
    varied = color * rng.uniform(1 - spread, 1 + spread) * rng.uniform(0.92, 1.08, 3)
    r, g, b = np.clip(varied, 0.02, 0.85)
    return float(r), float(g), float(b)


def facade(rng: np.random.Generator, floor_m: float) -> Material:
    """A wall with rows of windows, one row per floor."""
    glassy = rng.random() < 0.2
    return Material(
        _pick(rng, _WALLS),
        accent=(0.07, 0.08, 0.10) if rng.random() < 0.8 else (0.25, 0.28, 0.32),
        period_u_m=rng.uniform(1.5, 2.2) if glassy else rng.uniform(2.0, 3.6),
        period_v_m=floor_m,
        share_u=rng.uniform(0.75, 0.92) if glassy else rng.uniform(0.35, 0.6),
        share_v=rng.uniform(0.6, 0.85) if glassy else rng.uniform(0.45, 0.6),
        texture_strength=rng.uniform(0.10, 0.25),
        texture_length_m=rng.uniform(1.0, 3.0),
        glow=0.35,
    )


def plain_wall(rng: np.random.Generator) -> Material:
    """A wall without windows; brick courses, planks or bare plaster."""
    color = _pick(rng, _WALLS)
    darker = tuple(0.6 * c for c in color)
    kind = rng.integers(3)
    base = Material(
        color,
        accent=(darker[0], darker[1], darker[2]),
        texture_strength=rng.uniform(0.2, 0.35),
        texture_length_m=rng.uniform(0.6, 2.0),
    )
    if kind == 0:
        return replace(base, period_u_m=5.0, period_v_m=0.3, share_u=1.0, share_v=0.14)
    if kind == 1:
        return replace(base, period_u_m=0.25, period_v_m=5.0, share_u=0.16, share_v=1.0)
    return base


def shop(rng: np.random.Generator) -> Material:
    """A ground floor with wide windows."""
    return Material(
        _pick(rng, _WALLS, 0.35),
        accent=(0.10, 0.11, 0.12),
        period_u_m=rng.uniform(3.0, 5.0),
        period_v_m=3.6,
        share_u=rng.uniform(0.7, 0.85),
        share_v=0.62,
        texture_strength=0.12,
        glow=0.5,
    )


def roof(rng: np.random.Generator) -> Material:
    """Tiles or slate in rows."""
    color = _pick(rng, _ROOFS)
    return Material(
        color,
        accent=(0.7 * color[0], 0.7 * color[1], 0.7 * color[2]),
        period_u_m=3.0,
        period_v_m=0.33,
        share_u=1.0,
        share_v=0.25,
        sides_only=0.0,
        texture_strength=0.2,
        texture_length_m=0.9,
    )


def car_paint(rng: np.random.Generator) -> Material:
    """Body of a vehicle."""
    return Material(_pick(rng, _CARS), texture_strength=0.04, texture_length_m=1.0, gloss=0.35)


def cabin(paint: Material, *, period_m: float, height_m: float) -> Material:
    """The part of a vehicle with windows all round."""
    return replace(
        paint,
        accent=(0.035, 0.04, 0.05),
        period_u_m=period_m,
        period_v_m=height_m,
        share_u=0.86,
        share_v=0.72,
        texture_strength=0.02,
    )


def bus_side(rng: np.random.Generator) -> Material:
    """Body of a bus or the box of a truck, the latter without windows."""
    paint = car_paint(rng)
    if rng.random() < 0.5:
        return replace(paint, texture_strength=0.1, gloss=0.1)
    return replace(
        paint, accent=(0.04, 0.045, 0.05), period_u_m=1.6, period_v_m=2.9, share_u=0.88, share_v=0.4
    )


def leaves(rng: np.random.Generator) -> Material:
    """Crown of a tree or a hedge."""
    return Material(
        _pick(rng, _LEAVES, 0.3), texture_strength=0.55, texture_length_m=0.7, foliage=1.0
    )


def cloth(rng: np.random.Generator) -> Material:
    """Clothes of a person."""
    return Material(_pick(rng, _CLOTHES, 0.3), texture_strength=0.15, texture_length_m=0.4)


def sign_face(rng: np.random.Generator) -> Material:
    """A traffic or street sign."""
    faces: tuple[Color, ...] = (
        (0.05, 0.12, 0.50),
        (0.60, 0.60, 0.60),
        (0.55, 0.04, 0.04),
        (0.05, 0.30, 0.12),
        (0.70, 0.55, 0.05),
    )
    return Material(
        _pick(rng, faces, 0.15),
        accent=(0.8, 0.8, 0.8),
        period_u_m=0.35,
        period_v_m=0.4,
        share_u=0.7,
        share_v=0.25,
        texture_strength=0.05,
    )

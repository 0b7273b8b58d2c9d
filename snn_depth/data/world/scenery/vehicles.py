"""Cars, vans and buses, each in its `Frame`; random sizes in metres."""

import numpy as np

from snn_depth.data.world.geometry.primitives import Frame
from snn_depth.data.world.geometry.shapes import Shape
from snn_depth.data.world.scenery import palette


def add_vehicle(frame: Frame, rng: np.random.Generator, kind: int) -> None:
    """Add a car (0), a van (1) or a bus (2)."""
    (add_car, add_van, add_bus)[kind](frame, rng)


def add_car(frame: Frame, rng: np.random.Generator) -> None:
    """A passenger car: body, cabin with windows, four wheels, lamps."""
    tall = rng.random() < 0.3
    length, width = rng.uniform(3.8, 4.9), rng.uniform(1.70, 1.92)
    shoulder = rng.uniform(0.95, 1.1) if tall else rng.uniform(0.82, 0.95)
    top = rng.uniform(1.62, 1.85) if tall else rng.uniform(1.40, 1.52)
    paint = palette.car_paint(rng)
    body_height = shoulder - 0.22
    frame.add(
        Shape.FRUSTUM,
        (0, 0, 0.22 + body_height / 2),
        (length, width, body_height),
        paint,
        taper=(0.05, 0.08),
    )
    cabin_height = top - shoulder
    cabin_length = length * (0.62 if tall else 0.55)
    frame.add(
        Shape.FRUSTUM,
        (-0.06 * length, 0, shoulder + cabin_height / 2),
        (cabin_length, 0.9 * width, cabin_height),
        palette.cabin(paint, period_m=cabin_length / 2, height_m=cabin_height),
        taper=(0.38, 0.2),
    )
    _add_wheels(frame, length, width, 0.31)
    _add_lamps(frame, length, width, 0.68 * shoulder)


def add_van(frame: Frame, rng: np.random.Generator) -> None:
    """A delivery van or a box truck."""
    length, width, height = rng.uniform(5.0, 7.5), rng.uniform(1.95, 2.4), rng.uniform(2.2, 3.2)
    paint, box = palette.car_paint(rng), palette.bus_side(rng)
    nose = 1.5
    frame.add(
        Shape.BOX, (-nose / 2, 0, (0.35 + height) / 2), (length - nose, width, height - 0.35), box
    )
    nose_height = min(height, 2.3) - 0.35
    frame.add(
        Shape.FRUSTUM,
        ((length - nose) / 2, 0, 0.35 + nose_height / 2),
        (nose + 0.6, 0.94 * width, nose_height),
        palette.cabin(paint, period_m=nose + 0.6, height_m=2 * nose_height),
        taper=(0.35, 0.08),
    )
    _add_wheels(frame, length, width, 0.4)
    _add_lamps(frame, length, width, 0.85)


def add_bus(frame: Frame, rng: np.random.Generator) -> None:
    """A city bus or a lorry."""
    length, width, height = rng.uniform(9, 12.5), 2.5, rng.uniform(2.9, 3.8)
    frame.add(
        Shape.BOX, (0, 0, (0.4 + height) / 2), (length, width, height - 0.4), palette.bus_side(rng)
    )
    _add_wheels(frame, length, width, 0.5)
    _add_lamps(frame, length, width, 0.9)


def _add_wheels(frame: Frame, length: float, width: float, radius: float) -> None:
    for forward in (-0.31 * length, 0.32 * length):
        for left in (-0.5, 0.5):
            frame.add(
                Shape.CONE,
                (forward, left * (width - 0.16), radius),
                (2 * radius, 2 * radius, 0.22),
                palette.TIRE,
                roll=np.pi / 2,
            )


def _add_lamps(frame: Frame, length: float, width: float, up: float) -> None:
    for left in (-0.36, 0.36):
        for forward, lamp in ((0.5, palette.HEADLAMP), (-0.5, palette.TAIL_LAMP)):
            frame.add(
                Shape.BOX, (forward * length * 0.985, left * width, up), (0.12, 0.34, 0.15), lamp
            )

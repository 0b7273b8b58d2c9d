"""Things that stand in the world, built from primitives at their real size in metres.

Every function takes the frame that the object stands in (x forward, y left, z up from the ground)
and a source of randomness for its size and look.
"""

import numpy as np

from snn_depth.data.world import palette
from snn_depth.data.world.primitives import Frame, Material
from snn_depth.data.world.shapes import Shape

# How deep things reach into the ground, so that no slope uncovers their bottom.
_ROOTS_M = 2.5


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


def add_bridge(frame: Frame, rng: np.random.Generator, span_m: float) -> None:
    """A bridge that crosses over the road on two abutments."""
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
    frame.add(
        Shape.BOX, (0, middle, base_m + upper / 2), (length_m, depth_m, upper), front
    )
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
    frame.add(Shape.BOX, (0.25 * length, 0.6 * depth, height + rise), (0.7, 0.7, 1.8), palette.CONCRETE)
    door = (rng.uniform(-0.2, 0.2) * length, -0.02, 1.05)
    frame.add(Shape.BOX, door, (1.1, 0.12, 2.1), palette.cloth(rng))
    if rng.random() < 0.6:
        side = rng.choice([-1, 1])
        garage = (side * (length / 2 + 1.7), middle, 0.1)
        frame.add(Shape.BOX, garage, (3.4, 0.7 * depth, 2.8 + _ROOTS_M), palette.plain_wall(rng))
    return length


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
    length = rng.uniform(3, 5)
    frame.add(Shape.BOX, (0, 0.8, 2.45), (length, 1.7, 0.12), palette.METAL)
    frame.add(Shape.BOX, (0, 1.5, 1.1), (length, 0.06, 2.4), palette.GLASS)
    for forward in (-0.5, 0.5):
        frame.add(Shape.BOX, (forward * length, 0.8, 1.0), (0.08, 1.4, 2.8), palette.sign_face(rng))


def _add_plinth(frame: Frame, length: float, depth: float) -> None:
    """Foundations, seen where the ground falls away."""
    size = (length + 0.1, depth + 0.1, _ROOTS_M + 0.3)
    frame.add(Shape.BOX, (0, depth / 2, (0.3 - _ROOTS_M) / 2), size, palette.CONCRETE)

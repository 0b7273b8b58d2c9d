"""Where rays enter the unit shapes that everything in the world is made of.

Every object is an affine image of one of four unit shapes inside the cube [-1, 1]^3. Rays are
carried into the shape's own space, where an affine map leaves the ray parameter t unchanged.

    box       |x|, |y|, |z| <= 1
    frustum   |x| <= 1 - taper_x (z + 1)/2,  |y| <= 1 - taper_y (z + 1)/2,  |z| <= 1
    ball      x^2 + y^2 + z^2 <= 1
    cone      sqrt(x^2 + y^2) <= 1 - taper_x (z + 1)/2,  |z| <= 1   (taper 0: a cylinder)

Vectors are triples of tensors: on the CPU that is twice as fast as a last axis of three.
"""

from enum import IntEnum

import torch
from torch import Tensor

Vector = tuple[Tensor, Tensor, Tensor]
_TINY = 1e-30


class Shape(IntEnum):
    """The unit shapes."""

    BOX = 0
    FRUSTUM = 1
    BALL = 2
    CONE = 3


def enter(shape: Shape, origin: Vector, direction: Vector, taper: tuple[Tensor, Tensor]) -> Tensor:
    """Ray parameter (N,) at which rays enter a unit shape from outside.

    It is inf where the ray misses, points away, or starts inside. Vectors are three tensors (N,);
    `taper` is the narrowing of the top along x and y, 0..1, (N,).
    """
    if shape == Shape.BOX:
        t = _enter_box(origin, direction)
    elif shape == Shape.FRUSTUM:
        t = _enter_frustum(origin, direction, taper)
    elif shape == Shape.BALL:
        t = _enter_ball(origin, direction)
    else:
        t = _enter_cone(origin, direction, taper[0])
    return torch.where(t > 0, t, torch.inf)


def normal(shape: Tensor, point: Vector, taper: tuple[Tensor, Tensor]) -> Tensor:
    """Outward normal (N, 3) of unit shapes at points on their surface, not normalised."""
    x, y, z = point
    slope_x, slope_y = taper[0] / 2, taper[1] / 2
    zero, up = torch.zeros_like(z), torch.sign(z)
    # How near each pair of faces is to being the one that the point lies on: 0 is on it.
    side_x = x.abs() - (1 - slope_x * (z + 1))
    side_y = y.abs() - (1 - slope_y * (z + 1))
    end = z.abs() - 1
    on_x = (side_x >= side_y) & (side_x >= end)
    on_y = ~on_x & (side_y >= end)
    on_end = ~on_x & ~on_y
    flat = torch.stack(
        [
            torch.where(on_x, torch.sign(x), zero),
            torch.where(on_y, torch.sign(y), zero),
            torch.where(on_end, up, torch.where(on_x, slope_x, slope_y)),
        ],
        dim=-1,
    )
    radius = (x * x + y * y).sqrt()
    on_cap = end > radius - (1 - slope_x * (z + 1))
    round_ = torch.stack(
        [
            torch.where(on_cap, zero, x),
            torch.where(on_cap, zero, y),
            torch.where(on_cap, up, slope_x * radius),
        ],
        dim=-1,
    )
    ball = torch.stack([x, y, z], dim=-1)
    shape = shape[:, None]
    return torch.where(shape == Shape.BALL, ball, torch.where(shape == Shape.CONE, round_, flat))


def _enter_box(origin: Vector, direction: Vector) -> Tensor:
    near, far = _slab(origin[0], direction[0])
    for o, d in zip(origin[1:], direction[1:], strict=True):
        enter_axis, leave_axis = _slab(o, d)
        near, far = torch.maximum(near, enter_axis), torch.minimum(far, leave_axis)
    return torch.where(near < far, near, torch.inf)


def _slab(o: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    """Parameters between which |o + t d| <= 1."""
    inverse = (d + _TINY).reciprocal()  # the sum differs from d only where d is 0
    middle, half = -o * inverse, inverse.abs()
    return middle - half, middle + half


def _enter_frustum(origin: Vector, direction: Vector, taper: tuple[Tensor, Tensor]) -> Tensor:
    near, far = _slab(origin[2], direction[2])
    for axis in (0, 1):
        slope = taper[axis] / 2
        for sign in (1, -1):
            # The half-space  sign * p_axis + slope * p_z <= 1 - slope.
            room = 1 - slope - slope * origin[2] - sign * origin[axis]
            rate = slope * direction[2] + sign * direction[axis]
            rate = torch.where(rate == 0, _TINY, rate)
            t = room / rate
            near = torch.where(rate < 0, torch.maximum(near, t), near)
            far = torch.where(rate > 0, torch.minimum(far, t), far)
    return torch.where(near < far, near, torch.inf)


def _enter_ball(origin: Vector, direction: Vector) -> Tensor:
    # From the point closest to the centre: exact also for rays that start far away.
    length2 = _dot(direction, direction)
    closest = -_dot(origin, direction) / length2
    x, y, z = (o + closest * d for o, d in zip(origin, direction, strict=True))
    half_chord2 = (1 - _dot((x, y, z), (x, y, z))) / length2
    return torch.where(half_chord2 > 0, closest - half_chord2.clamp(min=0).sqrt(), torch.inf)


def _dot(a: Vector, b: Vector) -> Tensor:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _enter_cone(origin: Vector, direction: Vector, taper: Tensor) -> Tensor:
    slope = taper / 2
    dx, dy, dz = direction
    # Start at the height z = 0's neighbourhood: again for rays that start far away.
    shift = -(origin[0] * dx + origin[1] * dy) / (dx * dx + dy * dy + _TINY)
    x, y, z = (o + shift * d for o, d in zip(origin, direction, strict=True))
    radius, radius_rate = 1 - slope * (z + 1), -slope * dz
    a = dx * dx + dy * dy - radius_rate * radius_rate
    a = torch.where(a == 0, _TINY, a)
    b = x * dx + y * dy - radius * radius_rate
    c = x * x + y * y - radius * radius
    root = (b * b - a * c).clamp(min=0).sqrt()
    best = torch.full_like(x, torch.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        # A root is an entry if the height is within the shape and the ray goes inwards.
        inwards = a * t + b < 0
        on_side = ((z + t * dz).abs() <= 1) & inwards & (b * b > a * c)
        best = torch.minimum(best, torch.where(on_side, t, torch.inf))
    t = (-torch.sign(dz) - z) / torch.where(dz == 0, _TINY, dz)
    cap_radius = 1 - slope * (1 - torch.sign(dz))
    on_cap = (x + t * dx) ** 2 + (y + t * dy) ** 2 <= cap_radius * cap_radius
    best = torch.minimum(best, torch.where(on_cap & (dz != 0), t, torch.inf))
    return best + shift

import math

import pytest
import torch

from snn_depth.data.world.shapes import Shape, enter, normal


def vector(*values: float) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor([v]) for v in values)


def entry(shape: Shape, origin: tuple, direction: tuple, taper: tuple = (0.0, 0.0)) -> float:
    return float(enter(shape, vector(*origin), vector(*direction), vector(*taper)))


@pytest.mark.parametrize(
    ("shape", "origin", "direction", "taper", "expected"),
    [
        (Shape.BOX, (-5, 0, 0), (1, 0, 0), (0, 0), 4.0),
        (Shape.BOX, (-5, 0.5, -0.5), (2, 0, 0), (0, 0), 2.0),  # a direction of any length
        (Shape.BOX, (-2, -2, 0), (1, 1, 0), (0, 0), 1.0),  # through an edge's neighbourhood
        (Shape.BOX, (-5, 1.1, 0), (1, 0, 0), (0, 0), math.inf),
        (Shape.BOX, (5, 0, 0), (1, 0, 0), (0, 0), math.inf),  # behind
        (Shape.BOX, (0, 0, 0), (1, 0, 0), (0, 0), math.inf),  # from inside nothing is entered
        (Shape.BALL, (0, 0, -4), (0, 0, 1), (0, 0), 3.0),
        (Shape.BALL, (-4, 0.6, 0), (1, 0, 0), (0, 0), 4 - 0.8),  # 0.6^2 + 0.8^2 = 1
        (Shape.BALL, (-4, 1.01, 0), (1, 0, 0), (0, 0), math.inf),
        (Shape.CONE, (-3, 0, 0.5), (1, 0, 0), (0, 0), 2.0),  # a cylinder's side
        (Shape.CONE, (0.3, 0, 7), (0, 0, -2), (0, 0), 3.0),  # its top
        (Shape.CONE, (-3, 0, 0), (1, 0, 0), (1, 0), 2.5),  # a cone is half as wide half way up
        (Shape.CONE, (-3, 0, 0.99), (1, 0, 0), (1, 0), 3 - 0.005),
        (Shape.CONE, (0, 0, 5), (0, 0, -1), (1, 0), 4.0),  # its tip
        (Shape.CONE, (0, 0, -5), (0, 0, 1), (1, 0), 4.0),  # its base
        (Shape.CONE, (-3, 0, 1.01), (1, 0, 0), (1, 0), math.inf),
        (Shape.FRUSTUM, (-3, 0, 0), (1, 0, 0), (1, 0), 2.5),  # a roof's slope along x
        (Shape.FRUSTUM, (0, 3, 0), (0, -1, 0), (1, 0.5), 3 - 0.75),
        (Shape.FRUSTUM, (0, 0.6, 5), (0, 0, -1), (0, 1), 5 - 0.4 * 2 + 1),
        (Shape.FRUSTUM, (-3, 0, 0), (1, 0, 0), (0, 0), 2.0),  # without a taper it is a box
    ],
)
def test_entry_by_hand(
    shape: Shape, origin: tuple, direction: tuple, taper: tuple, expected: float
) -> None:
    if shape == Shape.FRUSTUM and origin == (0, 0.6, 5):
        expected = 5 - (1 - 2 * 0.6)  # |y| = 1 - (z + 1)/2 at y = 0.6 gives z = -0.2
    assert entry(shape, origin, direction, taper) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", list(Shape))
def test_rays_from_afar_keep_centimetres(shape: Shape) -> None:
    near = entry(shape, (-3, 0.2, 0.1), (1, 0.01, 0), (0.4, 0.2))
    far = entry(shape, (-603, 0.2 - 6, 0.1), (1, 0.01, 0), (0.4, 0.2))
    assert far - 600 == pytest.approx(near, abs=2e-3)


@pytest.mark.parametrize("shape", list(Shape))
def test_entry_points_lie_on_the_shape_and_normals_face_the_ray(shape: Shape) -> None:
    generator = torch.Generator().manual_seed(int(shape))
    origin = 4 * torch.nn.functional.normalize(
        torch.randn(3, 4000, generator=generator, dtype=torch.float64), dim=0
    )
    target = torch.rand(3, 4000, generator=generator, dtype=torch.float64) - 0.5
    direction = target - origin
    taper = torch.rand(2, 4000, generator=generator, dtype=torch.float64)
    t = enter(shape, tuple(origin), tuple(direction), tuple(taper))
    hit = t < torch.inf
    assert hit.float().mean() > 0.5
    x, y, z = (origin + t * direction)[:, hit]
    narrow_x, narrow_y = 1 - taper[:, hit] * (z + 1) / 2
    distance = {
        Shape.BOX: torch.stack([x.abs(), y.abs(), z.abs()]).amax(0) - 1,
        Shape.FRUSTUM: torch.stack([x.abs() - narrow_x, y.abs() - narrow_y, z.abs() - 1]).amax(0),
        Shape.BALL: (x * x + y * y + z * z).sqrt() - 1,
        Shape.CONE: torch.maximum((x * x + y * y).sqrt() - narrow_x, z.abs() - 1),
    }[shape]
    torch.testing.assert_close(distance, torch.zeros_like(distance), atol=1e-6, rtol=0)
    used = taper[:, hit] if shape in (Shape.FRUSTUM, Shape.CONE) else 0 * taper[:, hit]
    n = normal(torch.full_like(x, shape, dtype=torch.int64), (x, y, z), tuple(used))
    assert ((n.T * direction[:, hit]).sum(0) < 1e-9).all()
    # Just outside along the normal is outside: a step inwards stays within the shape's reach.
    assert (n.norm(dim=1) > 0.5).all()

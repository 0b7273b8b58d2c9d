import math

import pytest
import torch

from snn_depth.data.world.geometry.shapes import Shape, enter, normal


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
        (Shape.FRUSTUM, (0, 0.6, 5), (0, 0, -1), (0, 1), 5.2),  # 0.6 = 1 - (z + 1)/2
        (Shape.FRUSTUM, (-3, 0, 0), (1, 0, 0), (0, 0), 2.0),  # without a taper it is a box
    ],
)
def test_entry_by_hand(
    shape: Shape, origin: tuple, direction: tuple, taper: tuple, expected: float
) -> None:
    assert entry(shape, origin, direction, taper) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", list(Shape))
def test_rays_from_afar_keep_centimetres(shape: Shape) -> None:
    near = entry(shape, (-3, 0.2, 0.1), (1, 0.01, 0), (0.4, 0.2))
    far = entry(shape, (-603, 0.2 - 6, 0.1), (1, 0.01, 0), (0.4, 0.2))
    assert far - 600 == pytest.approx(near, abs=2e-3)


def outside(shape: Shape, point: torch.Tensor, taper: torch.Tensor) -> torch.Tensor:
    """How far points (3, N) are outside a shape; 0 on its surface."""
    x, y, z = point
    narrow_x, narrow_y = 1 - taper * (z + 1) / 2
    if shape == Shape.BALL:
        return (x * x + y * y + z * z).sqrt() - 1
    if shape == Shape.CONE:
        return torch.maximum((x * x + y * y).sqrt() - narrow_x, z.abs() - 1)
    if shape == Shape.BOX:
        narrow_x = narrow_y = torch.ones_like(x)
    return torch.stack([x.abs() - narrow_x, y.abs() - narrow_y, z.abs() - 1]).amax(0)


@pytest.mark.parametrize("shape", list(Shape))
def test_entries_lie_on_the_surface_and_normals_are_its_gradient(shape: Shape) -> None:
    generator = torch.Generator().manual_seed(int(shape))
    draw = {"generator": generator, "dtype": torch.float64}
    origin = 4 * torch.nn.functional.normalize(torch.randn(3, 4000, **draw), dim=0)
    direction = torch.rand(3, 4000, **draw) - 0.5 - origin
    taper = torch.rand(2, 4000, **draw)
    t = enter(shape, tuple(origin), tuple(direction), tuple(taper))
    hit = t < torch.inf
    assert hit.double().mean() > 0.5
    taper, direction = taper[:, hit], direction[:, hit]
    point = (origin[:, hit] + t[hit] * direction).requires_grad_()
    distance = outside(shape, point, taper)
    torch.testing.assert_close(distance, torch.zeros_like(distance), atol=1e-6, rtol=0)

    if shape == Shape.BOX:
        taper = torch.zeros_like(taper)
    kind = torch.full((point.shape[1],), int(shape))
    found = normal(kind, tuple(point.detach()), tuple(taper)).T
    (gradient,) = torch.autograd.grad(distance.sum(), point)
    found, gradient = (torch.nn.functional.normalize(n, dim=0) for n in (found, gradient))
    torch.testing.assert_close(found, gradient, atol=1e-5, rtol=0)
    assert ((found * direction).sum(0) < 1e-6).all()

import torch

from snn_depth.data.world.geometry.shapes import Shape
from snn_depth.data.world.light.lighting import ShadowMap
from tests.snn_depth.data.world.handmade import one

CENTER = torch.zeros(3, dtype=torch.float64)
EXACT = torch.zeros(1, 2)


def shadow_of_a_slab(direction: list[float]) -> ShadowMap:
    """A slab of 4 m x 4 m, 5 m above the ground."""
    slab = one(Shape.BOX, (0, 0, 5), (4, 4, 0.2))
    light = torch.nn.functional.normalize(torch.tensor(direction, dtype=torch.float64), dim=0)
    return ShadowMap.render(slab, light, CENTER, 30, 30, 0.1)


def test_shadow_from_above() -> None:
    shadow = shadow_of_a_slab([0, 0, 1])
    points = torch.tensor([[0.0, 0, 0], [1.8, -1.8, 0], [2.2, 0, 0], [0, 0, 6], [0, 0, 4]])
    lit = shadow.visibility(points, EXACT, 0.05)
    assert lit.tolist() == [0, 0, 1, 1, 0]


def test_slanted_light_moves_the_shadow_away_from_it() -> None:
    shadow = shadow_of_a_slab([1, 0, 1])
    points = torch.tensor([[-5.0, 0, 0], [0, 0, 0], [5, 0, 0], [-2.5, 0, 2.5]])
    assert shadow.visibility(points, EXACT, 0.05).tolist() == [0, 1, 1, 0]


def test_edges_are_soft_and_the_outside_is_lit() -> None:
    shadow = shadow_of_a_slab([0, 0, 1])
    around = torch.tensor([[a, b] for a in (-0.5, 0.5) for b in (-0.5, 0.5)])
    at_edge = shadow.visibility(torch.tensor([[2.0, 0, 0]]), around, 0.05)
    assert at_edge.item() == 0.5
    assert shadow.visibility(torch.tensor([[99.0, 0, 0]]), EXACT, 0.05).item() == 1


def test_more_primitives_add_their_shadow() -> None:
    shadow = shadow_of_a_slab([0, 0, 1]).with_more(one(Shape.BALL, (6, 0, 3), (2, 2, 2)))
    points = torch.tensor([[0.0, 0, 0], [6, 0, 0], [4, 0, 0]])
    assert shadow.visibility(points, EXACT, 0.05).tolist() == [0, 0, 1]

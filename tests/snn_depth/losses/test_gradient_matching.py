import math

import pytest
import torch
from torch import Tensor

from snn_depth.losses.gradient_matching import gradient_matching_loss


def slow_gradient_matching(depth: Tensor, target: Tensor, valid: Tensor, scales: int) -> float:
    batch, _, height, width = depth.shape
    total = 0.0
    for scale in range(scales):
        step = 2**scale
        for dy, dx in ((0, step), (step, 0)):
            differences = []
            for b in range(batch):
                for y in range(0, height - dy, step):
                    for x in range(0, width - dx, step):
                        here, there = (b, 0, y, x), (b, 0, y + dy, x + dx)
                        if valid[here] and valid[there]:
                            g = [
                                math.log(depth[i].item() + 0.1) - math.log(target[i].item() + 0.1)
                                for i in (here, there)
                            ]
                            differences.append(abs(g[1] - g[0]))
            total += sum(differences) / len(differences) if differences else 0.0
    return total


@pytest.mark.parametrize("scales", [1, 3, 5])
def test_equals_slow_reference(scales: int) -> None:
    generator = torch.Generator().manual_seed(0)
    shape = (2, 1, 9, 13)
    depth = 1 + 20 * torch.rand(shape, generator=generator, dtype=torch.float64)
    target = 1 + 20 * torch.rand(shape, generator=generator, dtype=torch.float64)
    valid = torch.rand(shape, generator=generator) < 0.8
    loss = gradient_matching_loss(depth, target, valid, num_scales=scales)
    expected = slow_gradient_matching(depth, target, valid, scales)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_blurred_edge_costs_and_common_scale_does_not() -> None:
    target = torch.cat([torch.full((1, 1, 8, 4), 5.0), torch.full((1, 1, 8, 4), 20.0)], dim=-1)
    valid = torch.ones_like(target, dtype=torch.bool)
    blurred = torch.nn.functional.avg_pool2d(
        target, 3, stride=1, padding=1, count_include_pad=False
    )
    assert gradient_matching_loss(blurred, target, valid) > 0.05
    assert gradient_matching_loss(2 * target, target, valid, eps_m=0.0).item() < 1e-5


def test_invalid_targets_do_not_reach_the_gradient() -> None:
    depth = torch.rand(1, 1, 4, 4).add(1).requires_grad_()
    target = torch.rand(1, 1, 4, 4) + 1
    target[..., 1, 2] = float("nan")
    gradient_matching_loss(depth, target, target.isfinite()).backward()
    assert depth.grad is not None and torch.isfinite(depth.grad).all()


def test_empty_mask_gives_zero_with_a_graph() -> None:
    depth = torch.rand(1, 1, 4, 4).add(1).requires_grad_()
    target = torch.rand(1, 1, 4, 4) + 1
    loss = gradient_matching_loss(depth, target, torch.zeros(1, 1, 4, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert depth.grad is not None and depth.grad.abs().max() == 0

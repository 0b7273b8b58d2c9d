import math

import pytest
import torch
from torch import Tensor

from snn_depth.losses.domain_adversarial import domain_loss, reverse_gradient


def slow_domain_loss(source: Tensor, target: Tensor) -> float:
    def cross_entropy(logit: float, label: int) -> float:
        p = 1 / (1 + math.exp(-logit))
        return -math.log(p if label else 1 - p)

    losses = [
        [cross_entropy(logit, label) for logit in logits.flatten().tolist()]
        for label, logits in enumerate((source, target))
    ]
    return sum(sum(part) / len(part) for part in losses) / 2


def logits() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    source = 3 * torch.randn(4, 1, generator=generator, dtype=torch.float64)
    return source, 3 * torch.randn(7, 1, generator=generator, dtype=torch.float64)


def test_equals_slow_reference() -> None:
    source, target = logits()
    loss = domain_loss(source, target)
    assert loss.item() == pytest.approx(slow_domain_loss(source, target), rel=1e-12)


def test_what_cannot_be_told_apart_costs_log_2() -> None:
    assert domain_loss(torch.zeros(3, 1), torch.zeros(5, 1)).item() == pytest.approx(math.log(2))


def test_right_is_cheap_wrong_is_dear_and_large_logits_stay_finite() -> None:
    sure = torch.full((2, 1), 200.0)
    assert domain_loss(-sure, sure).item() == 0
    assert domain_loss(sure, -sure).item() == 200


def test_gradient_equals_finite_differences() -> None:
    source, target = (x.requires_grad_() for x in logits())
    assert torch.autograd.gradcheck(domain_loss, (source, target))


@pytest.mark.parametrize("strength", [1.0, 0.25, 0.0])
def test_reversal_is_the_identity_whose_gradient_is_reversed(strength: float) -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.equal(reverse_gradient(x, strength), x)
    weights = torch.randn(3, 4, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((weights * reverse_gradient(x, strength)).sum(), x)
    torch.testing.assert_close(gradient, -strength * weights, rtol=0, atol=0)


def test_the_discriminator_descends_while_the_features_ascend() -> None:
    """One step of gradient descent on both: the loss falls by the one and rises by the other."""
    source, target = logits()
    weight = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    features = source.clone().requires_grad_()
    loss = domain_loss(reverse_gradient(features) @ weight, target @ weight)
    for_weight, for_features = torch.autograd.grad(loss, (weight, features))
    with torch.no_grad():
        better = weight - 1e-3 * for_weight
        assert domain_loss(features @ better, target @ better) < loss
        moved = features - 1e-3 * for_features
        assert domain_loss(moved @ weight, target @ weight) > loss

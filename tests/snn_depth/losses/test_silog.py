import math

import pytest
import torch
from torch import Tensor

from snn_depth.losses.silog import scale_invariant_log_loss


def slow_silog(depth: Tensor, target: Tensor, valid: Tensor, focus: float, eps: float) -> float:
    errors = [
        math.log(d + eps) - math.log(t + eps)
        for d, t, v in zip(
            depth.flatten().tolist(),
            target.flatten().tolist(),
            valid.flatten().tolist(),
            strict=True,
        )
        if v
    ]
    mean = sum(errors) / len(errors)
    variance = sum((e - mean) ** 2 for e in errors) / len(errors)
    return math.sqrt(variance + (1 - focus) * mean**2)


def make_case(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (2, 1, 5, 7)
    depth = 1 + 70 * torch.rand(shape, generator=generator, dtype=torch.float64)
    target = 1 + 70 * torch.rand(shape, generator=generator, dtype=torch.float64)
    valid = torch.rand(shape, generator=generator) < 0.6
    return depth, target, valid


@pytest.mark.parametrize("focus", [0.85, 0.0, 1.0])
def test_equals_slow_reference_over_whole_batch(focus: float) -> None:
    depth, target, valid = make_case()
    loss = scale_invariant_log_loss(depth, target, valid, variance_focus=focus, eps_m=0.1)
    assert loss.item() == pytest.approx(slow_silog(depth, target, valid, focus, 0.1), rel=1e-12)
    per_image = [
        slow_silog(depth[i], target[i], valid[i], focus, 0.1) for i in range(depth.shape[0])
    ]
    assert loss.item() != pytest.approx(sum(per_image) / 2, rel=1e-6)


def test_hand_computed() -> None:
    # Errors log 2 and 0: mean = log2 / 2, variance = (log2 / 2)^2.
    target = torch.tensor([[[[0.9, 0.9]]]])
    depth = torch.tensor([[[[1.9, 0.9]]]])
    loss = scale_invariant_log_loss(depth, target, torch.ones_like(target, dtype=torch.bool))
    assert loss.item() == pytest.approx(math.log(2) / 2 * math.sqrt(1.15), rel=1e-6)


def test_gradient_equals_finite_differences() -> None:
    depth, target, valid = make_case(1)
    assert torch.autograd.gradcheck(
        lambda d: scale_invariant_log_loss(d, target, valid), depth.requires_grad_()
    )


def test_no_error_has_loss_and_gradient_zero() -> None:
    depth, _, valid = make_case(2)
    depth.requires_grad_()
    loss = scale_invariant_log_loss(depth, depth.detach().clone(), valid)
    loss.backward()
    assert loss.item() == 0
    assert depth.grad is not None and depth.grad.abs().max() == 0


def test_constant_scale_has_no_variance_but_finite_gradient() -> None:
    target = torch.full((1, 1, 2, 2), 5.0)
    depth = torch.full((1, 1, 2, 2), 10.0, requires_grad=True)
    valid = torch.ones_like(target, dtype=torch.bool)
    loss = scale_invariant_log_loss(depth, target, valid, eps_m=0.0)
    loss.backward()
    assert loss.item() == pytest.approx(math.sqrt(0.15) * math.log(2), rel=1e-6)
    assert depth.grad is not None and torch.isfinite(depth.grad).all()
    assert (depth.grad > 0).all()


def test_empty_mask_gives_zero_with_a_graph() -> None:
    depth, target, valid = make_case(3)
    depth.requires_grad_()
    loss = scale_invariant_log_loss(depth, target, torch.zeros_like(valid))
    loss.backward()
    assert loss.item() == 0
    assert depth.grad is not None and depth.grad.abs().max() == 0


@pytest.mark.parametrize("garbage", [float("nan"), 0.0, -3.0, float("inf")])
def test_invalid_targets_do_not_matter(garbage: float) -> None:
    depth, target, valid = make_case(4)
    expected = scale_invariant_log_loss(depth, target, valid)
    depth.requires_grad_()
    loss = scale_invariant_log_loss(depth, torch.where(valid, target, garbage), valid)
    loss.backward()
    assert loss.item() == expected.item()
    assert depth.grad is not None and torch.isfinite(depth.grad).all()
    assert depth.grad[~valid].abs().max() == 0


def test_bfloat16_prediction_is_computed_in_float32() -> None:
    depth, target, valid = make_case(5)
    depth = depth.bfloat16()
    loss = scale_invariant_log_loss(depth, target.float(), valid)
    assert loss.dtype == torch.float32
    expected = slow_silog(depth.double(), target, valid, 0.85, 0.1)
    assert loss.item() == pytest.approx(expected, rel=1e-5)

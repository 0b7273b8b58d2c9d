import pytest
import torch

from snn_depth.losses.uncertainty import relative_error_loss


def test_equals_slow_reference() -> None:
    generator = torch.Generator().manual_seed(0)
    shape = (2, 1, 4, 6)
    u = torch.rand(shape, generator=generator, dtype=torch.float64)
    d = 1 + 20 * torch.rand(shape, generator=generator, dtype=torch.float64)
    t = 1 + 20 * torch.rand(shape, generator=generator, dtype=torch.float64)
    valid = torch.rand(shape, generator=generator) < 0.5
    total, count = 0.0, 0
    for index in valid.nonzero().tolist():
        i = tuple(index)
        error = abs(d[i].item() - t[i].item()) / t[i].item()
        total += abs(u[i].item() - min(max(error, 0.0), 1.0))
        count += 1
    assert relative_error_loss(u, d, t, valid).item() == pytest.approx(total / count, rel=1e-12)


def test_hand_computed_with_clamp() -> None:
    u = torch.tensor([[[[0.5, 0.5, 0.0]]]])
    depth = torch.tensor([[[[12.0, 50.0, 1.0]]]])
    target = torch.tensor([[[[10.0, 10.0, 10.0]]]])
    valid = torch.tensor([[[[True, True, False]]]])
    # Relative errors 0.2 and 4 (clamped to 1): |0.5 - 0.2| and |0.5 - 1|.
    assert relative_error_loss(u, depth, target, valid).item() == pytest.approx(0.4)


def test_depth_receives_no_gradient() -> None:
    """BiCross's released code lets this term pull on the depth."""
    u = torch.full((1, 1, 2, 2), 0.3, requires_grad=True)
    depth = torch.full((1, 1, 2, 2), 4.0, requires_grad=True)
    target = torch.full((1, 1, 2, 2), 5.0)
    relative_error_loss(u, depth, target, torch.ones_like(target, dtype=torch.bool)).backward()
    assert depth.grad is None
    assert u.grad is not None and torch.allclose(u.grad, torch.full_like(u, 0.25))


@pytest.mark.parametrize("garbage", [0.0, float("nan")])
def test_invalid_targets_do_not_reach_the_gradient(garbage: float) -> None:
    u = torch.full((1, 1, 1, 2), 0.3, requires_grad=True)
    depth = torch.zeros(1, 1, 1, 2)
    target = torch.tensor([[[[5.0, garbage]]]])
    loss = relative_error_loss(u, depth, target, torch.tensor([[[[True, False]]]]))
    loss.backward()
    assert loss.item() == pytest.approx(0.7)
    assert u.grad is not None and u.grad.flatten().tolist() == [-1.0, 0.0]


def test_empty_mask_gives_zero_with_a_graph() -> None:
    u = torch.rand(1, 1, 2, 2, requires_grad=True)
    target = torch.ones(1, 1, 2, 2)
    loss = relative_error_loss(u, target, target, torch.zeros(1, 1, 2, 2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert u.grad is not None and u.grad.abs().max() == 0

import math

import pytest
import torch
from torch import Tensor

from snn_depth.models.quantization import (
    least_squares_step,
    max_activation_level,
    max_weight_level,
    quantize_activation,
    quantize_weight,
    scale_gradient,
    weight_scale,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("max_level", [1, 3, 15, 255])
def test_activation_and_its_gradients_equal_a_plain_loop(max_level: int) -> None:
    """LSQ, equations 1 to 3, number by number."""
    x = (2 * normal(200)).requires_grad_()
    step = torch.tensor(2.5 / max_level, dtype=torch.float64, requires_grad=True)
    probe = normal(200, seed=1)
    y = quantize_activation(x, step, max_level)
    y.backward(probe)
    x_gradients, step_gradient = [], 0.0
    for value, out, weight in zip(x.tolist(), y.tolist(), probe.tolist(), strict=True):
        ratio = value / step.item()
        if ratio <= 0:
            level, dy_dx, dy_dstep = 0, 0.0, 0.0
        elif ratio >= max_level:
            level, dy_dx, dy_dstep = max_level, 0.0, float(max_level)
        else:
            level = round(ratio)
            dy_dx, dy_dstep = 1.0, level - ratio
        assert out == level * step.item()
        x_gradients.append(weight * dy_dx)
        step_gradient += weight * dy_dstep
    assert x.grad is not None and step.grad is not None
    assert x.grad.tolist() == pytest.approx(x_gradients, rel=1e-12)
    assert step.grad.item() == pytest.approx(step_gradient, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_are_whole_numbers_of_steps(dtype: torch.dtype) -> None:
    for bits in range(1, 9):
        max_level = max_activation_level(bits)
        for step in (0.0123, 0.1, 1 / 3, 7.77):
            s = torch.tensor(step, dtype=dtype)
            y = quantize_activation((3 * normal(5000)).to(dtype), s, max_level)
            levels = (y / s).round()
            assert torch.equal(levels * s, y), "no other rounding on the way"
            assert levels.min() == 0 and levels.max() <= max_level == 2**bits - 1


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_weights_are_whole_numbers_of_each_channel_s_scale(bits: int) -> None:
    weight = normal(4, 5, 3, 3)
    max_level = max_weight_level(bits)
    for ours, floats in zip(quantize_weight(weight, max_level), weight, strict=True):
        scale = floats.abs().max().item() / max_level
        for found, original in zip(ours.flatten().tolist(), floats.flatten().tolist(), strict=True):
            assert found == pytest.approx(round(original / scale) * scale, abs=1e-15)
        assert ours.abs().max() == pytest.approx(max_level * scale)
        assert len(ours.unique()) <= 2 * max_level + 1


def test_weights_get_the_gradient_of_what_replaces_them() -> None:
    weight, probe = normal(4, 5, 3, 3).requires_grad_(), normal(4, 5, 3, 3, seed=1)
    quantize_weight(weight, 7).backward(probe)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, probe)


def test_folding_a_batch_normalisation_leaves_the_levels() -> None:
    """Of every channel, whatever the sign of its factor."""
    weight, factor = normal(6, 5, 3, 3), normal(6, 1, 1, 1, seed=1)
    assert (factor < 0).any() and (factor > 0).any()
    torch.testing.assert_close(
        quantize_weight(weight * factor, 7), quantize_weight(weight, 7) * factor
    )


def test_a_channel_without_weights_stays_zero() -> None:
    weight = normal(2, 3, 1, 1)
    weight[1] = 0
    weight.requires_grad_()
    quantized = quantize_weight(weight, 7)
    quantized.sum().backward()
    assert torch.equal(quantized[1], torch.zeros(3, 1, 1))
    assert weight.grad is not None and weight.grad.isfinite().all()
    assert weight_scale(weight, 7).shape == (2, 1, 1, 1)


def test_scaled_gradient_leaves_the_value() -> None:
    x = torch.tensor(1 / 3, requires_grad=True)
    y = scale_gradient(x, 1e-3)
    y.backward()
    assert torch.equal(y.detach(), x.detach())
    assert x.grad is not None and x.grad.item() == pytest.approx(1e-3)


@pytest.mark.parametrize("max_level", [1, 3, 15, 255])
def test_fitted_step_is_nearly_the_best_of_a_fine_search(max_level: int) -> None:
    """On activations with a long tail, and on sparse ones."""
    for x in (normal(4000).exp() - 1, 0.01 * normal(4000) * (normal(4000, seed=1) > 1)):

        def error(step: float, x: Tensor = x) -> float:
            y = (x / step).round().clamp(0, max_level) * step
            return float((y - x.relu()).square().mean())

        best = min(error(float(x.max()) / max_level * 0.98**k) for k in range(250))
        found = float(least_squares_step(x, max_level))
        assert error(found) < 1.2 * best
        lsq = 2 * float(x.relu().mean()) / math.sqrt(max_level)
        assert max_level == 255 or error(found) < 0.8 * error(lsq)


def test_a_silent_population_still_gets_a_step() -> None:
    assert least_squares_step(-normal(10).abs(), 3).item() == pytest.approx(1 / 3)


def test_bits_out_of_range() -> None:
    for bits in (0, 9):
        with pytest.raises(ValueError, match=f"activation_bits is {bits}; accepted: 1 to 8"):
            max_activation_level(bits)
    for bits in (1, 9):
        with pytest.raises(ValueError, match=f"weight_bits is {bits}; accepted: 2 to 8, with the"):
            max_weight_level(bits)

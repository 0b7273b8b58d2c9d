import pytest
import torch
from torch import Tensor

from snn_depth.models.quantization import quantize_activation
from snn_depth.models.quantized_relu import QuantizedReLU


def current(seed: int = 0) -> Tensor:
    return torch.randn(1, 2, 3, 4, 5, generator=torch.Generator().manual_seed(seed))


def test_first_training_batch_sets_the_step_and_no_other() -> None:
    relu = QuantizedReLU(2)
    assert relu.step == 0
    relu(current())
    step = relu.step.item()
    assert 0.3 < step < 1.5
    relu(10 * current(1))
    relu.eval()(10 * current(2))
    assert relu.step.item() == step


def test_without_a_step_it_says_so() -> None:
    with pytest.raises(ValueError, match="no step yet: the first batch in training mode sets it"):
        QuantizedReLU(2).eval()(current())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_levels_are_whole_numbers_in_any_precision(dtype: torch.dtype) -> None:
    relu = QuantizedReLU(3)
    x = current().to(dtype)
    y = relu(x)
    assert y.dtype == torch.promote_types(dtype, torch.float32)
    levels = relu.levels(y)
    assert levels.dtype == torch.int32
    assert set(levels.unique().tolist()) == set(range(8))
    assert torch.equal(levels * relu.step, y)
    assert torch.equal(levels == 0, x <= relu.step / 2)


def test_gradient_of_the_step_is_scaled_by_neurons_and_levels() -> None:
    """LSQ, section 2.2; neurons of one sample, so that the batch's size does not matter."""
    relu = QuantizedReLU(2)
    x = current()
    relu(x).square().sum().backward()
    step = relu.step.requires_grad_()
    quantize_activation(x, step, 3).square().sum().backward()
    assert relu.log_step.grad is not None and step.grad is not None
    # d/dlog(step) = step d/dstep
    expected = step.item() * step.grad.item() / (3 * 4 * 5 * 3) ** 0.5
    assert relu.log_step.grad.item() == pytest.approx(expected, rel=1e-5)


def test_bits_are_shown_and_checked() -> None:
    assert str(QuantizedReLU(4)) == "QuantizedReLU(bits=4)"
    with pytest.raises(ValueError, match="activation_bits is 0; accepted: 1 to 8"):
        QuantizedReLU(0)

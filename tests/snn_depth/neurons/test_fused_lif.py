"""The fused neuron against references: values, gradients, memory; plain and compiled."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from snn_depth.neurons import fused_lif, kernels
from snn_depth.neurons.lif import lif
from snn_depth.neurons.surrogate import ATan, Sigmoid, SuperSpike, Surrogate, Triangle
from tests.snn_depth.neurons.lif_reference import (
    random_inputs,
    run_with_gradients,
    scalar_lif,
    stepwise_lif,
)

CONSTANTS = {"decay_v": 0.3, "v_threshold": 0.9}
SURROGATES = [ATan(), Sigmoid(), SuperSpike(), Triangle()]
DTYPES = [torch.float32, torch.float64, torch.bfloat16]
NUM_STEPS = [1, 2, 8, 40]

finite = st.floats(-3, 3, width=16)


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kernels.MODE_VARIABLE, "eager")


@settings(deadline=None)
@given(
    steps=st.lists(st.tuples(finite, finite), min_size=1, max_size=20),
    v0=st.floats(-2, 1),
    decay_v=st.floats(0.01, 0.99),
    grad_v=finite,
    grad_v_mean=finite,
)
def test_equals_a_scalar_loop_by_hand(
    steps: list[tuple[float, float]], v0: float, decay_v: float, grad_v: float, grad_v_mean: float
) -> None:
    currents, grad_spikes = (list(column) for column in zip(*steps, strict=True))
    expected = scalar_lif(currents, v0, decay_v, 1.0, 2.0, grad_spikes, grad_v, grad_v_mean)
    x = torch.tensor(currents, dtype=torch.float64, requires_grad=True)
    start = torch.tensor(v0, dtype=torch.float64, requires_grad=True)
    out = lif(x, start, decay_v=decay_v, v_threshold=1.0)
    pulled = [torch.tensor(g, dtype=torch.float64) for g in (grad_spikes, grad_v, grad_v_mean)]
    grad_x, grad_v0 = torch.autograd.grad(out, [x, start], pulled)
    got = [out.spikes, out.v, out.v_mean, grad_x, grad_v0]
    for value, reference in zip(got, expected, strict=True):
        assert value.tolist() == pytest.approx(reference, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("surrogate", SURROGATES, ids=str)
@pytest.mark.parametrize("with_v0", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("num_steps", NUM_STEPS)
def test_equals_plain_autograd(
    num_steps: int, dtype: torch.dtype, with_v0: bool, surrogate: Surrogate
) -> None:
    x, v0 = random_inputs(num_steps, dtype, with_v0)
    out, grads = run_with_gradients(partial(lif, **CONSTANTS, surrogate=surrogate), x, v0)
    expected, expected_grads = run_with_gradients(
        partial(stepwise_lif, **CONSTANTS, surrogate=surrogate), x, v0
    )
    assert 0.1 < expected.spikes.float().mean() < 0.9
    assert torch.equal(out.spikes, expected.spikes)
    assert torch.equal(out.v, expected.v)
    assert [o.dtype for o in out] == [o.dtype for o in expected]
    torch.testing.assert_close(out.v_mean, expected.v_mean, rtol=0, atol=1e-6)
    # plain autograd adds up a bfloat16 gradient in bfloat16: see the next test for exactness
    tolerance = {torch.float32: 1e-6, torch.float64: 2e-15, torch.bfloat16: 0.02}[dtype]
    for grad, reference in zip(grads, expected_grads, strict=True):
        assert grad.dtype == reference.dtype
        torch.testing.assert_close(grad, reference, rtol=tolerance, atol=tolerance)


def test_bfloat16_input_is_computed_in_float32() -> None:
    x, v0 = random_inputs(8, torch.bfloat16)
    same = x.detach().float().requires_grad_()
    out, (grad_x, grad_v0) = run_with_gradients(lif, x, v0)
    expected, (expected_grad_x, expected_grad_v0) = run_with_gradients(lif, same, v0)
    assert torch.equal(out.spikes, expected.spikes.bfloat16())
    assert torch.equal(out.v, expected.v)
    assert torch.equal(grad_x, expected_grad_x.bfloat16())
    assert torch.equal(grad_v0, expected_grad_v0)


@pytest.mark.parametrize("outputs", [("spikes",), ("v",), ("v_mean",), ("spikes", "v_mean")])
def test_gradient_from_each_output_alone(outputs: tuple[str, ...]) -> None:
    x, v0 = random_inputs(5)
    _, grads = run_with_gradients(lif, x, v0, outputs)
    reference = partial(stepwise_lif, decay_v=0.5, v_threshold=1.0, surrogate=ATan())
    _, expected = run_with_gradients(reference, x, v0, outputs)
    torch.testing.assert_close(grads, expected, rtol=1e-6, atol=1e-6)


def check_compiled_bits(
    monkeypatch: pytest.MonkeyPatch,
    x: Tensor,
    v0: Tensor | None,
    surrogate: Surrogate,
    exact_gradient: bool = True,
) -> None:
    run = partial(lif, **CONSTANTS, surrogate=surrogate)
    plain, plain_grads = run_with_gradients(run, x, v0)
    monkeypatch.setenv(kernels.MODE_VARIABLE, "compiled")
    compiled, compiled_grads = run_with_gradients(run, x, v0)
    monkeypatch.setenv(kernels.MODE_VARIABLE, "eager")
    for got, expected in zip(compiled, plain, strict=True):
        assert torch.equal(got, expected)
    for got, expected in zip(compiled_grads, plain_grads, strict=True):
        assert got.dtype == expected.dtype
        if exact_gradient:
            assert torch.equal(got, expected)
        else:
            torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "with_v0"), [(torch.float32, True), (torch.bfloat16, False)])
def test_compiled_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, with_v0: bool
) -> None:
    check_compiled_bits(monkeypatch, *random_inputs(3, dtype, with_v0), ATan())


@pytest.mark.slow
@pytest.mark.parametrize("surrogate", SURROGATES, ids=str)
@pytest.mark.parametrize("with_v0", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("num_steps", NUM_STEPS)
def test_compiled_gives_the_same_bits_everywhere(
    monkeypatch: pytest.MonkeyPatch,
    num_steps: int,
    dtype: torch.dtype,
    with_v0: bool,
    surrogate: Surrogate,
) -> None:
    # the compiler's exponential may differ from torch's in the last bit
    exact = surrogate != Sigmoid()
    check_compiled_bits(monkeypatch, *random_inputs(num_steps, dtype, with_v0), surrogate, exact)


def test_long_sequences_in_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, v0 = random_inputs(8)
    whole, whole_grads = run_with_gradients(lif, x, v0)
    monkeypatch.setattr(fused_lif, "CHUNK_STEPS", 3)
    chunked, chunked_grads = run_with_gradients(lif, x, v0)
    assert torch.equal(chunked.spikes, whole.spikes)
    assert torch.equal(chunked.v, whole.v)
    torch.testing.assert_close(chunked.v_mean, whole.v_mean)
    for got, expected in zip(chunked_grads, whole_grads, strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_is_kept_and_not_copied(memory_format: torch.memory_format) -> None:
    frames = torch.randn(8 * 2, 3, 5, 7).contiguous(memory_format=memory_format)
    x = frames.unflatten(0, (8, 2))
    held: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = lif(x.requires_grad_())
    expected = lif(x.detach().contiguous())
    assert out.spikes.stride() == x.stride()
    assert out.v.stride() == out.v_mean.stride() == x[0].stride()
    for got, reference in zip(out, expected, strict=True):
        assert torch.equal(got, reference)
    # nothing but the input itself and two constants is kept for the backward pass
    assert [t.data_ptr() for t in held if t.numel() > 1] == [x.data_ptr()]


@pytest.mark.parametrize(
    "view", [lambda x: x[::2], lambda x: x.transpose(0, 1), lambda x: x[:, :1].expand(-1, 4, -1)]
)
def test_any_strides(view) -> None:
    x = torch.randn(6, 4, 5, requires_grad=True)
    reference = partial(stepwise_lif, decay_v=0.5, v_threshold=1.0, surrogate=ATan())
    out, (grad,) = run_with_gradients(lambda x, v0: lif(view(x), v0), x, None)
    expected, (expected_grad,) = run_with_gradients(lambda x, v0: reference(view(x), v0), x, None)
    assert torch.equal(out.spikes, expected.spikes)
    torch.testing.assert_close(grad, expected_grad, rtol=1e-6, atol=1e-6)


def test_first_membranes_in_another_layout() -> None:
    x = torch.randn(3, 2, 5, 4, 6)
    v0 = torch.randn(2, 5, 4, 6)
    channels_last = v0.contiguous(memory_format=torch.channels_last)
    assert torch.equal(lif(x, v0).v, lif(x, channels_last).v)


def test_second_derivatives_are_refused_not_wrong() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    (grad,) = torch.autograd.grad(lif(x).v_mean.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()

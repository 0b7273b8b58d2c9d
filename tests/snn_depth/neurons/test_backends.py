"""The libraries' neurons are ours: same spikes, and same gradients from the same surrogate."""

import gc
import sys
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from snn_depth.neurons.backends import BACKENDS
from snn_depth.neurons.functional import li_step, lif_step
from snn_depth.neurons.lif import lif
from snn_depth.neurons.surrogate import ATan, Sigmoid, SuperSpike, Surrogate, Triangle
from tests.snn_depth.neurons.lif_reference import random_inputs, run_with_gradients

LIBRARIES = [name for name in BACKENDS if name != "native"]
TRAINABLE = [
    ("spikingjelly", ATan()),
    ("spikingjelly", ATan(3.0)),
    ("spikingjelly", Sigmoid()),
    ("spikingjelly", SuperSpike()),
    ("spikingjelly", Triangle(2.0)),
    ("snntorch", ATan()),
    ("snntorch", Sigmoid()),
    ("snntorch", SuperSpike(5.0)),
    ("norse", SuperSpike()),
    ("norse", Triangle()),
]


def neurons_near_threshold(x: Tensor, decay_v: float, v_threshold: float, margin: float) -> Tensor:
    """Which neurons (N,) come that close to the threshold at any step."""
    v, near = torch.zeros_like(x[0]), torch.zeros_like(x[0], dtype=torch.bool)
    for step in x:
        h = li_step(step, v, decay_v=decay_v)
        near |= (h - v_threshold).abs() < margin
        _, v = lif_step(step, v, decay_v=decay_v, v_threshold=v_threshold, surrogate=ATan())
    return near


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_steps=st.integers(1, 20),
    decay_v=st.floats(0.02, 0.98),
    v_threshold=st.floats(0.1, 3.0),
    strength=st.floats(0.1, 4.0),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_every_library_gives_the_same_spikes(
    seed: int,
    num_steps: int,
    decay_v: float,
    v_threshold: float,
    strength: float,
    dtype: torch.dtype,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = (strength * torch.randn(num_steps, 400, generator=generator)).to(dtype)
    # norse divides its input by decay_v and multiplies it again: several digits in float32
    margin = 1e-6 if dtype == torch.float64 else 1e-5
    clear = ~neurons_near_threshold(x.double(), decay_v, v_threshold, margin)
    native = lif(x, decay_v=decay_v, v_threshold=v_threshold)
    for backend in LIBRARIES:
        out = lif(x, decay_v=decay_v, v_threshold=v_threshold, backend=backend)
        assert torch.equal(out.spikes[:, clear], native.spikes[:, clear]), backend
        for got, expected in zip(out[1:], native[1:], strict=True):
            torch.testing.assert_close(got[clear], expected[clear], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tie_is_silent(backend: str) -> None:
    # h = 1.0, 1.5, 0.5 | 0.5, 1.0, 1.0 | the next number above 1.0, 0, 0
    x = torch.tensor([[1.0, 0.5, 1.0 + 2**-23], [1.0, 0.75, 0.0], [0.5, 0.5, 0.0]])
    out = lif(x, decay_v=0.5, v_threshold=1.0, backend=backend)
    assert out.spikes[:, 2].tolist() == [1, 0, 0]
    assert out.spikes[:, 1].tolist() == [0, 0, 0]
    assert out.spikes[:, 0].tolist() == [0, 1, 0]


@pytest.mark.parametrize("with_v0", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("backend", "surrogate"), TRAINABLE, ids=str)
def test_gradients(backend: str, surrogate: Surrogate, dtype: torch.dtype, with_v0: bool) -> None:
    run = partial(lif, decay_v=0.3, v_threshold=0.9, surrogate=surrogate)
    x, v0 = random_inputs(8, dtype, with_v0)
    native, native_grads = run_with_gradients(run, x, v0)
    out, grads = run_with_gradients(partial(run, backend=backend), x, v0)
    assert torch.equal(out.spikes, native.spikes)
    assert [o.dtype for o in out] == [o.dtype for o in native]
    # snntorch's spikes, and so what flows back through them, are float32 whatever the input is
    tolerance = 0.02 if dtype == torch.bfloat16 else 1e-5
    if dtype == torch.float64:
        tolerance = 1e-6 if backend == "snntorch" else 1e-12
    for grad, expected in zip(grads, native_grads, strict=True):
        assert grad.dtype == expected.dtype
        torch.testing.assert_close(grad, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("backend", "surrogate"),
    [("norse", ATan()), ("norse", SuperSpike(100.0)), ("snntorch", Triangle())],
    ids=str,
)
def test_a_surrogate_that_the_library_lacks(backend: str, surrogate: Surrogate) -> None:
    x = torch.randn(4, 30)
    silent = lif(x, surrogate=surrogate, backend=backend)
    assert torch.equal(silent.spikes, lif(x).spikes)
    with pytest.raises(ValueError, match=r"has no surrogate .*\(alpha=.* only .*SuperSpike"):
        lif(x.requires_grad_(), surrogate=surrogate, backend=backend)
    with torch.no_grad():
        lif(x, surrogate=surrogate, backend=backend)


@pytest.mark.parametrize("backend", LIBRARIES)
def test_nothing_outlives_a_call(backend: str) -> None:
    def held_tensors() -> int:
        gc.collect()
        return sum(type(o) is Tensor for o in gc.get_objects())

    x = torch.randn(3, 10)
    lif(x, backend=backend)
    before = held_tensors()
    for _ in range(5):
        lif(x, backend=backend)
    assert held_tensors() == before


def test_snntorch_registry_keeps_the_users_own_neurons() -> None:
    snntorch = pytest.importorskip("snntorch")
    own = snntorch.Leaky(beta=0.5)
    before = list(own.instances)  # other tests may have left neurons of theirs
    lif(torch.randn(3, 10), backend="snntorch")
    assert own in own.instances and own.instances == before
    own.instances.remove(own)


def test_unknown_backend() -> None:
    with pytest.raises(ValueError, match="'lava' is none of native, spikingjelly, snntorch, norse"):
        lif(torch.zeros(2, 3), backend="lava")


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snntorch", None)
    with pytest.raises(ValueError, match=r"backend 'snntorch' needs 'snntorch'.* not installed"):
        lif(torch.zeros(2, 3), backend="snntorch")

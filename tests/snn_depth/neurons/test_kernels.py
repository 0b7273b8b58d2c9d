"""When the loops over time are compiled, and what happens where that fails."""

import logging
import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from snn_depth.neurons import kernels
from snn_depth.neurons.kernels import MODE_VARIABLE, Kernel, kernel_of
from snn_depth.neurons.lif import LIF, lif
from snn_depth.neurons.time_loops import forward_steps


@pytest.fixture(autouse=True)
def fresh_kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Kernel, "compiler_works", True)
    kernel_of.cache_clear()
    yield
    kernel_of.cache_clear()


def num_graphs() -> int:
    from torch._dynamo.utils import counters

    return counters["stats"]["unique_graphs"]


def expected_spikes(monkeypatch: pytest.MonkeyPatch, x: Tensor) -> Tensor:
    with monkeypatch.context() as patch:
        patch.setenv(MODE_VARIABLE, "eager")
        return lif(x).spikes


def test_unknown_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "fast")
    with pytest.raises(ValueError, match="SNN_DEPTH_LIF='fast' is none of auto, compiled, eager"):
        lif(torch.zeros(2, 3))


@pytest.mark.slow
def test_one_kernel_serves_every_shape_layout_and_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "compiled")
    before = num_graphs()
    channels_last = torch.randn(6, 4, 5, 2).contiguous(memory_format=torch.channels_last)
    for x in [torch.randn(3, 50), torch.randn(3, 2, 4, 6, 7), channels_last.unflatten(0, (3, 2))]:
        for decay_v, v_threshold in [(0.5, 1.0), (0.25, 2.0)]:
            with torch.autocast("cpu", torch.bfloat16, enabled=v_threshold > 1):
                out = lif(x.requires_grad_(), decay_v=decay_v, v_threshold=v_threshold)
            out.spikes.sum().backward()
            with torch.no_grad():
                lif(x)
    assert num_graphs() - before == 2  # forwards and backwards


def test_auto_compiles_what_has_run_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "auto")
    monkeypatch.setattr(kernels, "NEURON_STEPS_BEFORE_COMPILING", 1000)
    x = torch.randn(3, 200)
    before = num_graphs()
    first = lif(x).spikes
    assert num_graphs() == before
    second = lif(x).spikes
    assert num_graphs() == before + 1
    assert torch.equal(first, second)


@pytest.fixture
def broken_compiler() -> Iterator[None]:
    from torch._inductor import config

    with config.patch({"cpp.cxx": ("/nonexistent/c++",), "force_disable_caches": True}):
        yield


def test_auto_goes_on_after_one_warning_where_compiling_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken_compiler: None
) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "auto")
    monkeypatch.setattr(kernels, "NEURON_STEPS_BEFORE_COMPILING", 0)
    x = torch.randn(3, 201, requires_grad=True)
    with caplog.at_level(logging.WARNING, logger=kernels.__name__):
        for _ in range(2):
            out = lif(x)
            out.spikes.sum().backward()
    assert torch.equal(out.spikes, expected_spikes(monkeypatch, x))
    (record,) = [r for r in caplog.records if r.name == kernels.__name__]
    assert "uncompiled" in record.message


def test_compiled_raises_where_compiling_fails(
    monkeypatch: pytest.MonkeyPatch, broken_compiler: None
) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "compiled")
    with pytest.raises(Exception, match=r"nonexistent|compiler"):
        lif(torch.randn(3, 202))


def test_threads_share_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "compiled")
    inputs = [torch.randn(3, 40 + i) for i in range(4)]
    results: dict[int, Tensor] = {}

    def work(i: int) -> None:
        results[i] = lif(inputs[i]).spikes

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, x in enumerate(inputs):
        assert torch.equal(results[i], expected_spikes(monkeypatch, x))


def test_a_compiled_network_has_the_loop_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE_VARIABLE, "auto")
    x = torch.randn(3, 30, requires_grad=True)
    out = torch.compile(LIF(), backend="aot_eager", fullgraph=True)(x)
    out.spikes.sum().backward()
    assert torch.equal(out.spikes, expected_spikes(monkeypatch, x))
    variant = kernel_of(forward_steps, 3, x.dtype, "cpu", None, Tensor, Tensor)
    assert variant.num_neuron_steps == 0

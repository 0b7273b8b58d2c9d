import logging
import os

import pytest
import torch
from torch import Tensor

from benchmarks.throughput.lif_kernels import fastest_kernels, lif_kernels
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.neurons.kernels import MODE_VARIABLE
from tests.benchmarks.tiny_networks import student, twin

ONE = torch.zeros(3, 1, 1, 16, 32)


@pytest.mark.parametrize("before", [None, "auto"])
def test_the_environment_is_put_back(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MODE_VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(MODE_VARIABLE, before)
    with pytest.raises(RuntimeError), lif_kernels("eager"):
        assert os.environ[MODE_VARIABLE] == "eager"
        raise RuntimeError
    assert os.environ.get(MODE_VARIABLE) == before


def test_nothing_to_compile() -> None:
    other = SpikingDepthNet(channel_multipliers=(1,), backend="snntorch")
    assert fastest_kernels(twin(), ONE) == fastest_kernels(other, ONE) == "eager"


class CannotCompile(SpikingDepthNet):
    """Runs only where nothing is compiled."""

    def forward(self, x: Tensor, *args: object, **kwargs: object):  # type: ignore[no-untyped-def, override]
        if os.environ[MODE_VARIABLE] == "compiled":
            raise RuntimeError("no compiler\nand more")
        return super().forward(x)


def test_without_a_compiler(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert fastest_kernels(CannotCompile(channel_multipliers=(1,)).eval(), ONE) == "eager"
    assert caplog.messages[0].endswith("several times slower: no compiler")


@pytest.mark.slow
def test_with_a_compiler() -> None:
    assert fastest_kernels(student(), ONE) == "compiled"

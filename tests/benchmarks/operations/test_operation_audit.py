import os
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.operations.network_workload import workload_of_network
from benchmarks.operations.operation_audit import OperationAudit, audit_operations
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.neurons.kernels import MODE_VARIABLE
from tests.benchmarks.tiny_networks import all_kinds, spike_batch, student, twin


def audit(network: DepthNetwork) -> OperationAudit:
    batch = spike_batch(2)
    return audit_operations(network, batch, workload_of_network(network, batch))


@pytest.mark.parametrize("kind", range(4))
def test_every_operation_has_its_place(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, batch = all_kinds()[kind], spike_batch(2)
    workload = workload_of_network(network, batch)
    monkeypatch.setenv(MODE_VARIABLE, "compiled")
    found = audit_operations(network, batch, workload)
    assert os.environ[MODE_VARIABLE] == "compiled"
    convolutions = [o for o in found.operations if o.kind == "synaptic"]
    num_projections = len(network.projections)
    assert [(o.name, o.num_calls) for o in convolutions] == [("aten.convolution", num_projections)]
    assert found.num_projections == num_projections
    assert not any(module._forward_hooks for module in network.modules())


def test_neuron_work_is_known_by_hand() -> None:
    network = twin()
    neurons = network.graph.num_neurons(16, 32)
    found = audit(network)
    # A rectification each, and one addition where two projections meet.
    num_relus = sum(n for name, n in neurons.items() if name != "readout")
    num_sums = sum(neurons[p.name] for p in network.graph.populations if len(p.projections) == 2)
    assert 0 < num_sums < num_relus
    assert found.elements_per_sample("neuron") == num_relus + num_sums
    assert found.elements_per_sample("folded") == sum(
        neurons[p.name] * len(p.projections) for p in network.graph.populations
    )


def test_work_of_the_host_is_known_by_hand() -> None:
    """Three bins are summed; two channels upsampled; one becomes metres, the other a fraction."""
    pixels = 16 * 32
    decoding = {"add": 1, "clamp": 1, "mul": 2, "reciprocal": 1, "sigmoid": 1, "softplus": 1}
    expected = {f"aten.{name}": n * pixels for name, n in decoding.items()}
    expected |= {"aten.upsample_bilinear2d": 2 * pixels, "aten.sum": 3 * pixels}
    host = {o.name: o.num_elements // 2 for o in audit(twin()).operations if o.kind == "host"}
    assert host == expected


def test_a_student_of_another_backend_is_audited_as_well() -> None:
    other = SpikingDepthNet(**{**student().init_args, "backend": "snntorch"}).eval()
    other.load_state_dict(student().state_dict())
    assert audit(other).operations == audit(student()).operations
    assert other.lif.backend == "snntorch"


class WithPooling(AnnDepthNet):
    """A module that nobody counts."""

    def __init__(self, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.pool = nn.AvgPool2d(3, 1, 1)

    def _collect(self, current, *arguments):  # type: ignore[no-untyped-def]
        return self.pool(current[0])[None]


class WithConvolution(AnnDepthNet):
    """A convolution that is no module."""

    def _collect(self, current, *arguments):  # type: ignore[no-untyped-def]
        return F.conv2d(current[0], torch.ones(2, 2, 1, 1))[None]


class WithEinsum(AnnDepthNet):
    """A matrix product in disguise."""

    def _collect(self, current, *arguments):  # type: ignore[no-untyped-def]
        return torch.einsum("tbchw,cd->tbdhw", current, torch.ones(2, 2))


class WithGate(AnnDepthNet):
    """A product between populations, of numbers that no weight holds."""

    def _current(self, population, signals):  # type: ignore[no-untyped-def]
        current = super()._current(population, signals)
        return current * current.sigmoid() if population.name == "dec0" else current


class WithSkip(AnnDepthNet):
    """An addition that is no projection."""

    def _current(self, population, signals):  # type: ignore[no-untyped-def]
        current = super()._current(population, signals)
        return current + signals["enc1a"] if population.name == "enc1b" else current


class ReadTwice(AnnDepthNet):
    """A projection that runs more often than it is counted."""

    def _current(self, population, signals):  # type: ignore[no-untyped-def]
        if population.name == "readout":
            super()._current(population, signals)
        return super()._current(population, signals)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (WithPooling, r"1 operations .* aten\.avg_pool2d in 'pool' \(AvgPool2d\)"),
        (WithConvolution, r"1 operations .* aten\.convolution in '' \(WithConvolution\)"),
        (WithEinsum, r"1 operations .* aten\.bmm in '' \(WithEinsum\)"),
        (WithGate, r"2 operations .* aten\.sigmoid in .*, aten\.mul in '' \(WithGate\)"),
        (WithSkip, "3072 numbers are added between populations; .* are 2560"),
        (ReadTwice, "projection 'dec0_to_readout' ran 2 convolutions, of which 1 are counted"),
    ],
)
def test_uncounted_operations_are_errors(kind: type[AnnDepthNet], message: str) -> None:
    network = kind(input_key="spikes", channel_multipliers=(1, 1)).eval()
    batch = spike_batch(1)
    # What the proof of the workload would refuse already, by what it computes.
    plain = AnnDepthNet(channel_multipliers=(1, 1)).eval()
    plain.load_state_dict(network.state_dict())
    workload = workload_of_network(plain, batch)
    with pytest.raises(ValueError, match=message):
        audit_operations(network, batch, workload)
    audit_operations(plain, batch, workload)


def test_only_the_counted_run_is_accepted() -> None:
    network, batch = twin(), spike_batch(2)
    workload = workload_of_network(network, batch)
    with pytest.raises(ValueError, match="projection 'input_to_stem' ran a convolution of"):
        audit_operations(network, spike_batch(1), workload)
    fewer = replace(workload, layers=workload.layers[:-1])
    with pytest.raises(ValueError, match="'dec0_to_readout' ran 1 convolutions, of which 0 are"):
        audit_operations(network, batch, fewer)


def test_another_stride_is_found() -> None:
    network, batch = twin(), spike_batch(2)
    workload = workload_of_network(network, batch)
    layer = workload.layers[1]
    changed = replace(layer, edges=(replace(layer.edges[0], stride=(1, 1)),))
    layers = (workload.layers[0], changed, *workload.layers[2:])
    with pytest.raises(ValueError, match="'stem_to_enc1a' ran a convolution of weights, stride"):
        audit_operations(network, batch, replace(workload, layers=layers))


class OwnNeuron(nn.ReLU):
    """Computes more than its kind does."""

    def forward(self, input: Tensor) -> Tensor:
        """Square root of a rectification."""
        return super().forward(input).sqrt()


def test_what_a_kind_of_neuron_does_not_compute_is_an_error() -> None:
    network = twin()
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU):
            network.set_submodule(name, OwnNeuron())
    with pytest.raises(ValueError, match=r"aten\.sqrt in '.*' \(OwnNeuron\)"):
        audit(network)

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.operations.network_observation import observe
from benchmarks.operations.network_workload import (
    check_currents,
    projected_layers,
    workload_of_network,
)
from conversion.student.extract import extract_graph
from conversion.student.student_run import padded_input, run_student
from hardware.counts.event_counts import count_events
from hardware.counts.workload import workload_of_run
from snn_depth.data.sample import Batch, View
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork
from tests.benchmarks.tiny_networks import (
    all_kinds,
    plus_ones,
    quantized_twin,
    spike_batch,
    student,
    twin,
)


def test_counted_by_hand() -> None:
    """A 5x5 stem of stride 2 on 4x4 pixels, 16 channels, and a 3x3 readout of 2."""
    network = plus_ones(twin(channel_multipliers=(1,)))
    spikes = torch.zeros(2, 2, 1, 4, 4)
    spikes[0, 0, 0, 0, 0] = 3.0  # reaches the windows of all four stem pixels
    spikes[1, 1, 0, 3, 3] = 1.0  # reaches that of the last one only
    workload = workload_of_network(network, Batch({"spikes": View(spikes)}))
    counts = count_events(workload, binned_inputs=["input"])
    # Windows of the stem hold 3 and 4 rows of the picture; all of the readout's hold both rows.
    assert counts.num_synapses == (3 + 4) ** 2 * 16 + 4 * 4 * 16 * 2
    assert (counts.num_steps, counts.num_samples) == (1, 2)
    assert counts.macs_B.tolist() == [4 * 16 + 4 * 16 * 4 * 2, 16 + 16 * 4 * 2]
    assert counts.accumulations_B.tolist() == [0, 0]
    assert counts.spikes_B.tolist() == [4 * 16, 16]
    assert counts.binning_TB.tolist() == [[3, 1]]
    assert counts.num_updates(pipelined=True) == counts.num_updates(pipelined=False) == 4 * 18


@pytest.mark.parametrize("height", [16, 13])
def test_student_is_counted_as_by_the_conversion(height: int) -> None:
    network = student()
    spikes = spike_batch(2, height, 30)["spikes"].image
    ours = workload_of_network(network, Batch({"spikes": View(spikes)}))
    graph = extract_graph(network, height, 30)
    theirs = workload_of_run(
        graph,
        padded_input(network, spikes),
        run_student(network, spikes).spikes,
    )
    assert np.array_equal(ours.inputs["input"], theirs.inputs["input"])
    assert ours.num_pipeline_steps == theirs.num_pipeline_steps > 0
    assert ours.arrival_steps == theirs.arrival_steps
    for found, expected in zip(ours.layers, theirs.layers, strict=True):
        assert (found.name, found.shape) == (expected.name, expected.shape)
        if expected.sent_TBCHW is None:
            assert found.sent_TBCHW is None
        else:
            assert found.sent_TBCHW is not None and found.sent_TBCHW.dtype == np.bool_
            assert np.array_equal(found.sent_TBCHW, expected.sent_TBCHW)
        for edge, other in zip(found.edges, expected.edges, strict=True):
            assert (edge.source, edge.kind, edge.padding) == (
                other.source,
                other.kind,
                other.padding,
            )
            np.testing.assert_allclose(edge.weight, other.weight)


def test_what_a_twin_sends_is_what_torch_computes() -> None:
    network = twin("rgb")
    batch = spike_batch(2)
    workload = workload_of_network(network, batch)
    features = network.double()(batch["rgb"].image.double(), taps=["stem", "enc1b"]).features
    for layer in workload.layers:
        if layer.name in features:
            assert layer.sent_TBCHW is not None
            expected = features[layer.name].detach().numpy()
            np.testing.assert_allclose(layer.sent_TBCHW[0], expected, atol=1e-12)
    assert np.array_equal(workload.inputs["input"][0], batch["rgb"].image.double().numpy())


def test_quantized_twin_is_counted_with_its_few_bits() -> None:
    network = quantized_twin()
    workload = workload_of_network(network, spike_batch(2))
    for layer in workload.layers:
        if layer.sent_TBCHW is not None:
            step = network.activations[layer.name].log_step.double().exp().item()
            levels = layer.sent_TBCHW / step
            assert np.abs(levels - levels.round()).max() < 1e-9 and levels.max() > 1
            assert levels.min() == 0 and round(levels.max()) <= 2**3 - 1
    weight = workload.layers[0].edges[0].weight
    scale = np.abs(weight).max(axis=(1, 2, 3), keepdims=True) / (2**3 - 1)
    np.testing.assert_allclose(weight / scale, (weight / scale).round(), atol=1e-9)


@pytest.mark.parametrize("kind", range(4))
def test_neither_history_nor_company_matters(kind: int) -> None:
    network = all_kinds()[kind]
    batch = spike_batch(3)
    together = count_events(workload_of_network(network, batch))
    again = count_events(workload_of_network(network, batch))
    alone = Batch(
        {
            "spikes": View(batch["spikes"].image[:, 1:2]),
            "rgb": View(batch["rgb"].image[1:2]),
        }
    )
    single = count_events(workload_of_network(network, alone))
    for part in ("synops_B", "macs_B", "accumulations_B", "spikes_B"):
        assert np.array_equal(getattr(together, part), getattr(again, part))
        assert getattr(together, part)[1] == getattr(single, part)[0] >= 0
    assert single.num_synapses == together.num_synapses
    assert (together.accumulations_B > 0).all() == (kind == 0)
    assert (together.macs_B > 0).all()


def test_dark_input_of_a_student_costs_no_synapse_at_the_input() -> None:
    network = student()
    counts = count_events(
        workload_of_network(network, Batch({"spikes": View(torch.zeros(3, 1, 1, 16, 32))}))
    )
    assert counts.macs_B.tolist() == [0] and counts.num_updates(pipelined=True) > 0


def test_class_of_operations_is_that_of_the_layer() -> None:
    """A twin that is given zeros and ones multiplies nevertheless."""
    counts = count_events(
        workload_of_network(twin(), Batch({"spikes": View(torch.ones(1, 1, 1, 16, 32))}))
    )
    assert counts.accumulations_B.tolist() == [0] and counts.macs_B[0] > 0


class MoreAtTheNeurons(AnnDepthNet):
    """Something beside the projections adds to a population's input."""

    def _current(self, population, signals):  # type: ignore[no-untyped-def]
        current = super()._current(population, signals)
        if population.name == "enc1b":
            current = current + F.avg_pool3d(current, (3, 1, 1), 1, (1, 0, 0))
        return current


class MoreBehindTheNeurons(AnnDepthNet):
    """Something stands between the neurons and what reads them."""

    def _fire(self, name, *arguments):  # type: ignore[no-untyped-def]
        sent = super()._fire(name, *arguments)
        return sent * 0.5 if name == "enc1a" else sent


class DifferentReadings(AnnDepthNet):
    """One projection is given something else than the others of its source."""

    def _current(self, population, signals):  # type: ignore[no-untyped-def]
        if population.name == "enc1b":
            signals = {**signals, "stem": signals["stem"] + 1}
        return super()._current(population, signals)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (MoreAtTheNeurons, r"layer 'enc1b': its neurons are given currents that differ by"),
        (MoreBehindTheNeurons, "layer 'enc1a': the projections from it are not given what"),
        (DifferentReadings, "layer 'stem': the projections from it are not given the same"),
    ],
)
def test_what_would_be_missed_is_an_error(kind: type[DepthNetwork], message: str) -> None:
    network = kind("spikes", channel_multipliers=(1, 1)).eval()
    with pytest.raises(ValueError, match=message):
        workload_of_network(network, spike_batch(2))


def test_a_wrong_edge_is_found() -> None:
    observation = observe(twin(), spike_batch(1)["spikes"].image)
    layers = projected_layers(observation.network)
    check_currents(observation, layers)
    layers[2].edges[1].weight[3, 0, 0, 0] += 1e-6
    with pytest.raises(ValueError, match=f"layer '{layers[2].population.name}'"):
        check_currents(observation, layers)


def test_user_errors() -> None:
    with pytest.raises(ValueError, match="network is a Conv2d; accepted: a DepthNetwork"):
        workload_of_network(nn.Conv2d(1, 1, 1), {})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"training mode; call network\.eval"):
        workload_of_network(twin().train(), spike_batch())
    with pytest.raises(ValueError, match="'rgb' is needed"):
        workload_of_network(twin("rgb"), Batch({"spikes": View(torch.zeros(1, 1, 1, 16, 32))}))


class HiddenNeurons(AnnDepthNet):
    """Neurons that no hook can see."""

    def _fire(self, name, current_TBCHW, v0, tapped, result):  # type: ignore[no-untyped-def]
        return current_TBCHW.relu()


def test_neurons_must_be_seen() -> None:
    network = HiddenNeurons("spikes", channel_multipliers=(1,)).eval()
    with pytest.raises(ValueError, match="layer 'stem': its neurons cannot be observed"):
        workload_of_network(network, spike_batch(1))


def test_the_network_is_left_as_it_is() -> None:
    network = twin()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    workload_of_network(network, spike_batch(1))
    after: dict[str, Tensor] = network.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert after["projections.input_to_stem.0.weight"].dtype == torch.float32
    assert not any(module._forward_hooks for module in network.modules())

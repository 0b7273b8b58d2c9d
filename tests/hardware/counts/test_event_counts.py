from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conversion.formats.netx_file import read_netx
from conversion.graph.layer_graph import Edge
from hardware.counts.event_counts import concatenate_counts, count_events
from hardware.counts.workload import WorkLayer, Workload, workload_of_run
from tests.conversion.small_graphs import two_inputs
from tests.hardware.brute_force import random_edge, synapses_of
from tests.hardware.small_workload import small_workload, two_input_workload


@pytest.mark.parametrize("seed", range(30))
def test_synops_equal_brute_force(seed: int) -> None:
    edge, source_shape, target_shape = random_edge(seed)
    random = np.random.default_rng(seed)
    spikes = random.random((3, 2, *source_shape)) < 0.3
    layers = (
        WorkLayer("a", source_shape, (), spikes, is_input_neuron=True),
        WorkLayer("b", target_shape, (edge,), None),
    )
    workload = Workload({"input": np.zeros((3, 2, 1, 1, 1), bool)}, layers, 1, {"a": 0, "b": 1})
    counts = count_events(workload).layers[1]
    expected = np.zeros((3, 2), np.int64)
    for source, _ in synapses_of(edge, source_shape, target_shape):
        expected += spikes[:, :, *source]
    assert np.array_equal(counts.synops_TB, expected)
    assert np.array_equal(counts.accumulations_TB, expected)
    assert not counts.macs_TB.any()


def test_totals_of_a_graph_with_skips() -> None:
    graph, workload = small_workload()
    counts = count_events(workload, binned_inputs=["input"])
    pairs = [
        (layer, edge, synapses_of(edge, graph.shapes[edge.source], layer.shape))
        for layer in graph.layers
        for edge in layer.edges
    ]
    assert counts.num_synapses == sum(len(synapses) for _, _, synapses in pairs)
    assert counts.num_weights == sum(edge.weight.size for _, edge, _ in pairs)
    synops = {True: 0, False: 0}
    for _, edge, synapses in pairs:
        sent = workload.sent_by(edge.source) != 0
        synops[edge.source == "input"] += sum(sent[:, :, *s].sum(0) for s, _ in synapses)
    assert np.array_equal(counts.macs_B, synops[True])
    assert np.array_equal(counts.accumulations_B, synops[False])
    assert np.array_equal(counts.synops_B, counts.macs_B + counts.accumulations_B)
    assert counts.num_neurons == 96 + 36 + 96 + 5 + 2
    assert counts.num_updates(pipelined=True) == 235 * 7
    assert counts.num_updates(pipelined=False) == 235 * (7 + graph.num_pipeline_steps)
    assert np.array_equal(counts.binning_TB, workload.inputs["input"].sum((2, 3, 4)))
    fired = [y.sent_TBCHW for y in workload.layers if y.sent_TBCHW is not None]
    assert np.array_equal(counts.spikes_B, sum(s.sum((0, 2, 3, 4)) for s in fired))


def test_totals_of_a_graph_of_two_inputs() -> None:
    """One sends spikes, which cost additions, the other counts, which cost multiplications."""
    graph, workload = two_input_workload()
    assert workload.shapes == dict(graph.shapes)
    counts = count_events(workload, binned_inputs=["thermal"])
    synops = {True: 0, False: 0}
    for layer, found in zip(graph.layers, counts.layers, strict=True):
        for edge, edge_counts in zip(layer.edges, found.edges, strict=True):
            sent = workload.sent_by(edge.source) != 0
            pairs = synapses_of(edge, graph.shapes[edge.source], layer.shape)
            driven_TB = sum(sent[:, :, *source] for source, _ in pairs)
            assert np.array_equal(edge_counts.synops_TB, driven_TB)
            assert np.array_equal(edge_counts.events_TB, sent.sum((2, 3, 4)))
            assert edge_counts.from_input == (edge.source in ("spikes", "thermal"))
            synops[edge.source == "thermal"] += driven_TB.sum(0)
    assert np.array_equal(counts.macs_B, synops[True])
    assert np.array_equal(counts.accumulations_B, synops[False])
    assert np.array_equal(counts.binning_TB, two_inputs()["thermal"].sum((2, 3, 4)))
    assert not count_events(workload).binning_TB.any()


def test_sample_counts_depend_on_no_other_sample() -> None:
    _, workload = small_workload(num_samples=3)
    together = count_events(workload)
    for b in range(3):
        alone = Workload(
            {"input": workload.inputs["input"][:, b : b + 1]},
            tuple(
                y if y.sent_TBCHW is None else replace(y, sent_TBCHW=y.sent_TBCHW[:, b : b + 1])
                for y in workload.layers
            ),
            workload.num_pipeline_steps,
            workload.arrival_steps,
        )
        for counted in (count_events(alone), count_events(alone)):  # no history either
            assert counted.synops_B == together.synops_B[b]
            assert counted.spikes_B == together.spikes_B[b]


def test_batches_are_joined_and_cut_in_time() -> None:
    _, workload = small_workload(num_samples=3)
    together = count_events(workload, binned_inputs=["input"])
    twice = concatenate_counts([together, together])
    assert twice.num_samples == 6
    for total in ("synops_B", "macs_B", "spikes_B"):
        assert getattr(twice, total).tolist() == 2 * getattr(together, total).tolist()
    early, late = together.first_steps(3), together.first_steps(7)
    assert np.array_equal(late.synops_B, together.synops_B)
    layer = together.layers[2]
    assert np.array_equal(early.layers[2].synops_TB.sum(0), layer.synops_TB[:3].sum(0))
    assert early.num_updates(pipelined=True) == 235 * 3
    assert np.array_equal(early.binning_TB, together.binning_TB[:3])
    with pytest.raises(ValueError, match="num_steps is 8; accepted: 1 to 7"):
        together.first_steps(8)
    unfired = together.without_spikes()
    assert np.array_equal(unfired.macs_B, together.macs_B) and unfired.macs_B.any()
    assert not unfired.accumulations_B.any() and not unfired.spikes_B.any()
    assert np.array_equal(unfired.binning_TB, together.binning_TB)
    silent = together.silent()
    assert not silent.synops_B.any() and not silent.spikes_B.any()
    assert not silent.binning_TB.any()
    assert silent.num_updates(pipelined=True) == 235 * 7


def test_graded_is_a_property_of_the_layer_not_of_its_data() -> None:
    edge = Edge("a", "conv", np.ones((1, 1, 1, 1)))
    ones = np.ones((1, 1, 1, 2, 2))
    for sent, kind in ((ones, "macs_TB"), (ones.astype(bool), "accumulations_TB")):
        layers = (
            WorkLayer("a", (1, 2, 2), (), sent, is_input_neuron=True),
            WorkLayer("b", (1, 2, 2), (edge,), None),
        )
        workload = Workload({"input": np.zeros((1, 1, 1, 1, 1))}, layers, 1, {"a": 0, "b": 1})
        counts = count_events(workload).layers[1]
        assert getattr(counts, kind) == 4
        assert counts.synops_TB == 4
        assert counts.edges[0].synops_per_synapse_B == 1.0


def test_no_spikes_no_synops() -> None:
    _, workload = small_workload()
    silent = Workload(
        {"input": 0 * workload.inputs["input"]},
        tuple(
            y if y.sent_TBCHW is None else replace(y, sent_TBCHW=y.sent_TBCHW & False)
            for y in workload.layers
        ),
        workload.num_pipeline_steps,
        workload.arrival_steps,
    )
    counts = count_events(silent)
    assert not counts.synops_B.any() and not counts.spikes_B.any()
    assert counts.num_updates(pipelined=True) == 235 * 7


def test_pilotnet_events_are_those_published(test_data_dir: Path) -> None:
    """The first 16 steps of Intel's own recording; its last layer never fires into anything."""
    folder = test_data_dir / "pilotnet_lif"
    if not folder.is_dir():
        pytest.skip(f"Intel's PilotNet LIF network not found at {folder}")
    graph = read_netx(folder / "pilotnet_lif.net").graph
    names = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]
    spikes = {}
    for layer, name in zip(graph.layers, names, strict=False):
        record = np.load(folder / f"{name}.npy").T[:16]
        spikes[layer.name] = record.reshape(16, 1, *layer.shape)
    spikes[graph.layers[-1].name] = np.zeros((16, 1, 1, 1, 1), bool)
    inputs = np.zeros((16, 1, *graph.input_shape), bool)
    counts = count_events(workload_of_run(graph, inputs, spikes))
    assert counts.synops_B == 49_246_886
    assert counts.spikes_B == 755_963
    assert counts.num_updates(pipelined=True) == 2_536_144

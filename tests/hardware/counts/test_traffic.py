"""Messages and hops against spikes followed one by one; loads of cores likewise."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from hardware.cores.core_load import core_loads, in_chip_time
from hardware.cores.mapping import CoreMap, map_network
from hardware.cores.placement import hops_between, place
from hardware.counts.traffic import count_traffic
from hardware.counts.workload import Workload
from tests.hardware.brute_force import synapses_of
from tests.hardware.cores.test_mapping import block_of, small_chip
from tests.hardware.small_workload import small_workload, two_input_workload


@pytest.fixture(scope="module", params=[small_workload, two_input_workload])
def mapped(request: pytest.FixtureRequest) -> tuple[Workload, CoreMap]:
    graph, workload = request.param()
    # Tiles and chips so small that messages travel along rows, columns and between chips.
    chip = small_chip(graded_spikes=True, num_cores=8, cores_per_tile=2, mesh_columns=2)
    return workload, map_network(graph, chip)


def test_messages_and_hops_equal_brute_force(mapped: tuple[Workload, CoreMap]) -> None:
    workload, core_map = mapped
    placement = place(core_map.num_cores, core_map.chip)
    first = core_map.first_cores
    some_travel = 0
    for layer, found in zip(workload.layers, count_traffic(workload, core_map), strict=True):
        expected = defaultdict(lambda: np.zeros(workload.num_samples, np.int64))
        for edge in layer.edges:
            shape = workload.shapes[edge.source]
            receivers = defaultdict(set)
            for source, target in synapses_of(edge, shape, layer.shape):
                core = first[layer.name] + block_of(core_map.partitions[layer.name], target)
                receivers[source].add(core)
            for source, cores in receivers.items():
                spikes_B = (workload.sent_by(edge.source)[:, :, *source] != 0).sum(0)
                start = 0
                if edge.source not in workload.inputs:
                    block = block_of(core_map.partitions[edge.source], source)
                    start = first[edge.source] + block
                for core in cores:
                    expected["messages"] += spikes_B
                    expected["input"] += spikes_B * (edge.source in workload.inputs)
                    for name in ("columns", "rows", "chips"):
                        positions = getattr(placement, name)
                        expected[name] += spikes_B * abs(positions[start] - positions[core])
        assert found.layer == layer.name
        assert np.array_equal(found.messages_B, expected["messages"])
        assert np.array_equal(found.input_messages_B, expected["input"])
        assert np.array_equal(found.hops_east_west_B, expected["columns"])
        assert np.array_equal(found.hops_north_south_B, expected["rows"])
        assert np.array_equal(found.chip_crossings_B, expected["chips"])
        some_travel += found.chip_crossings_B.sum()
    assert some_travel


def test_loads_of_cores_equal_brute_force(mapped: tuple[Workload, CoreMap]) -> None:
    workload, core_map = mapped
    sent_copies = defaultdict(int)
    for layer, load in zip(workload.layers, core_loads(workload, core_map), strict=True):
        partition = core_map.partitions[layer.name]
        shape = (workload.num_steps, workload.num_samples, partition.num_cores)
        synops = {"conv": np.zeros(shape), "dense": np.zeros(shape)}
        messages, spikes, neurons = np.zeros(shape), np.zeros(shape), np.zeros(shape[2])
        for edge in layer.edges:
            seen = set()
            kind = "dense" if edge.kind == "dense" else "conv"
            sent = workload.sent_by(edge.source) != 0
            for source, target in synapses_of(edge, workload.shapes[edge.source], layer.shape):
                core = block_of(partition, target)
                synops[kind][:, :, core] += sent[:, :, *source]
                if (source, core) not in seen:
                    seen.add((source, core))
                    messages[:, :, core] += sent[:, :, *source]
                    if edge.source != "input":
                        sent_copies[edge.source] += sent[:, :, *source].sum()
        for neuron in np.ndindex(*layer.shape):
            core = block_of(partition, neuron)
            neurons[core] += 1
            if layer.sent_TBCHW is not None:
                spikes[:, :, core] += layer.sent_TBCHW[:, :, *neuron]
        assert np.array_equal(load.synops_TBK, synops["conv"])
        assert np.array_equal(load.dense_synops_TBK, synops["dense"])
        assert np.array_equal(load.messages_in_TBK, messages)
        assert np.array_equal(load.spikes_TBK, spikes)
        assert np.array_equal(load.neurons_K, neurons)
    for load in core_loads(workload, core_map):
        assert load.messages_out_TBK.sum() == sent_copies[load.layer]


def test_chip_time_of_a_lone_sample_and_of_a_stream() -> None:
    load = np.arange(1.0, 4).reshape(3, 1, 1)
    assert in_chip_time(load, 2, num_drain_steps=4).ravel().tolist() == [0, 0, 1, 2, 3, 0, 0]
    assert in_chip_time(load, 2, None).ravel().tolist() == [2, 3, 1]


def test_layers_follow_each_other_along_a_snake() -> None:
    chip = replace(small_chip(), num_cores=12, cores_per_tile=2, mesh_columns=3)
    placement = place(14, chip)
    assert placement.columns.tolist() == [0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 3, 3]
    assert placement.rows.tolist() == [0] * 6 + [1] * 6 + [0] * 2
    assert placement.chips.tolist() == [0] * 12 + [1] * 2
    hops = hops_between(placement, slice(0, 2), slice(11, 14))
    assert hops.east_west.tolist() == [[0, 3, 3]] * 2
    assert hops.north_south.tolist() == [[1, 0, 0]] * 2
    assert hops.chips.tolist() == [[0, 1, 1]] * 2

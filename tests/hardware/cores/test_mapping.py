"""Resources of cores against synapses counted one by one; Intel's own cores; limits by name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conversion.formats.netx_file import read_netx
from conversion.graph.artifact import read_artifact
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.graph.timing import balance_with_relays
from hardware.cores.chip import Chip, load_chip
from hardware.cores.core_resources import CoreResources
from hardware.cores.mapping import CoreMap, core_memories, map_network
from hardware.cores.partition import Partition
from tests.conversion.small_graphs import skip_graph, two_input_graph
from tests.hardware.brute_force import Neuron, synapses_of

SHIPPED = Path(__file__).parents[3] / "snn_depth" / "weights" / "student.h5"


def small_chip(**changes: object) -> Chip:
    """A chip on which the small graph needs several cores per layer."""
    limits = {
        "neurons_per_core": 30,
        "input_axons_per_core": 100,
        "output_axons_per_core": 200,
        "memory_bits_per_core": 4000,
    }
    return replace(load_chip("loihi1"), **limits | changes)  # type: ignore[arg-type]


def block_of(partition: Partition, neuron: Neuron) -> int:
    """The core of a neuron, by its place in the grid of blocks."""
    places = [i // b for i, b in zip(neuron, partition.block, strict=True)]
    return int(np.ravel_multi_index(places, partition.grid))


def slow_needs(graph: LayerGraph, core_map: CoreMap, name: str) -> CoreResources:
    """Needs of the fullest core of a layer, synapse by synapse, with 8 bits per weight."""
    partition, layer = core_map.partitions[name], graph[name]
    chip = core_map.chip
    cores: list[dict[str, set[object]]] = [
        {"neurons": set(), "weights": set(), "axons": set(), "sent": set()}
        for _ in range(partition.num_cores)
    ]
    for neuron in np.ndindex(*layer.shape):
        cores[block_of(partition, neuron)]["neurons"].add(neuron)
    for number, edge in enumerate(layer.edges):
        for source, target in synapses_of(edge, graph.shapes[edge.source], layer.shape):
            core = cores[block_of(partition, target)]
            core["axons"].add((number, source))
            if edge.kind == "dense":
                core["weights"].add((number, source, target))
            else:
                taps = range(int(np.prod(edge.weight.shape[2:])))
                core["weights"] |= {(number, source[0], target[0], tap) for tap in taps}
    for other in graph.layers:
        for number, edge in enumerate(other.edges):
            if edge.source == name:
                receivers = core_map.partitions[other.name]
                for source, target in synapses_of(edge, layer.shape, other.shape):
                    copy = (other.name, number, source, block_of(receivers, target))
                    cores[block_of(partition, source)]["sent"].add(copy)
    delay = max((e.delay for e in layer.edges if e.source not in graph.inputs), default=0)
    state = chip.state_bits_per_neuron + delay * chip.delay_bits_per_neuron_and_step
    return CoreResources(
        max(len(core["neurons"]) for core in cores),
        max(len(core["weights"]) for core in cores),
        delay,
        max(8 * len(core["weights"]) + state * len(core["neurons"]) for core in cores),
        max(len(core["axons"]) for core in cores),
        max(len(core["sent"]) for core in cores),
    )


@pytest.mark.parametrize("partition", ["columns", "compact"])
@pytest.mark.parametrize(
    "graph",
    [
        skip_graph(),
        balance_with_relays(skip_graph("float")),
        two_input_graph(),
        balance_with_relays(two_input_graph("float")),
    ],
    ids=["delays", "relays", "two inputs", "two inputs, relays"],
)
def test_needs_equal_brute_force(partition: str, graph: LayerGraph) -> None:
    chip = small_chip(
        partition=partition, state_bits_per_neuron=5, delay_bits_per_neuron_and_step=7
    )
    core_map = map_network(graph, replace(chip, graded_spikes=True))
    assert not core_map.violations
    assert core_map.num_cores > len(graph.layers)
    for layer in graph.layers:
        assert core_map.needs[layer.name] == slow_needs(graph, core_map, layer.name), layer.name


def test_pilotnet_cores_are_those_of_intels_compiler(test_data_dir: Path) -> None:
    network = test_data_dir / "pilotnet_lif" / "pilotnet_lif.net"
    if not network.is_file():
        pytest.skip(f"Intel's PilotNet LIF network not found at {network}")
    core_map = map_network(read_netx(network).graph, load_chip("loihi2"))
    cores = [partition.num_cores for partition in core_map.partitions.values()]
    assert cores[:6] == [13, 25, 13, 3, 3, 2]
    assert sum(cores[:6]) == 59
    assert not core_map.violations


def test_shipped_student_fits_one_loihi_2() -> None:
    graph = read_artifact(SHIPPED).graph
    core_map = map_network(graph, load_chip("loihi2"))
    assert not core_map.violations
    assert core_map.num_chips == 1
    first = core_map.first_cores
    assert list(first) == [layer.name for layer in graph.layers]
    assert first["enc1a"] == core_map.partitions["stem"].num_cores
    assert core_map.num_cores == sum(p.num_cores for p in core_map.partitions.values())


def test_loihi_1_refuses_graded_input() -> None:
    with pytest.raises(
        ValueError,
        match="'input' carries counts, and spikes of Loihi 1 are binary; accepted: a network",
    ):
        map_network(skip_graph(), load_chip("loihi1"))
    reads_spikes = replace(skip_graph(), binary_inputs=frozenset({"input"}))
    assert map_network(reads_spikes, load_chip("loihi1")).num_cores


def test_exceeded_limits_are_named() -> None:
    wide = Edge("input", "dense", np.ones((4, 50)))
    graph = LayerGraph(
        {"input": (50, 1, 1)}, (Layer("big", "lif", (4, 1, 1), 0.5, 1.0, edges=(wide,)),)
    )
    core_map = map_network(
        graph, small_chip(graded_spikes=True, input_axons_per_core=40, memory_bits_per_core=300)
    )
    assert [(v.layer, v.limit, v.used, v.allowed) for v in core_map.violations] == [
        ("big", "memory_bits_per_core", 400, 300),
        ("big", "input_axons_per_core", 50, 40),
    ]
    assert str(core_map.violations[1]) == "big: input_axons_per_core is 50; allowed: 40"
    assert core_map.partitions["big"].num_cores == 4  # the least excess


def test_long_delays_are_a_violation() -> None:
    graph = skip_graph()
    core_map = map_network(graph, small_chip(graded_spikes=True, max_delay_steps=0))
    assert [(v.layer, v.limit, v.used) for v in core_map.violations] == [
        ("c", "max_delay_steps", 1)
    ]


def core_edges(name: str) -> tuple[Edge, ...]:
    return skip_graph()[name].edges


def test_memories_of_cores_are_as_large_as_the_fullest_needs() -> None:
    core_map = map_network(skip_graph(), small_chip(graded_spikes=True))
    memories = core_memories(core_map, num_weight_bits=6, potential_word_bits=32)
    for name, needs in core_map.needs.items():
        assert memories[name].weights_bytes == needs.weights * 6 / 8
        # What is still to arrive waits in a word of its own for every step.
        words = 1 + max((e.delay for e in core_edges(name) if e.source != "input"), default=0)
        assert memories[name].potentials_bytes == needs.neurons * 4 * words

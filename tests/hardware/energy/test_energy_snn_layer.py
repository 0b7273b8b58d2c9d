from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.counts.event_counts import count_events
from hardware.energy.constant import load_constants
from hardware.energy.digital_machines import CoreMemory, SnnMachine
from hardware.energy.energy_snn_layer import snn_layer_energy
from tests.hardware.energy_reference import slow_snn_layer
from tests.hardware.layer_counts import edge_counts, layer_counts
from tests.hardware.small_workload import small_workload

NM45 = load_constants("nm45").values
SMALL = small_workload()
COUNTS = count_events(SMALL[1])
MACHINES = st.builds(
    SnnMachine,
    weight_bits=st.integers(1, 8),
    potential_bits=st.integers(8, 32),
    potential_word_bits=st.sampled_from((16, 24, 32)),
    bias_bits=st.integers(8, 16),
    input_bits=st.integers(1, 8),
    leak=st.sampled_from(("multiply", "shift", "none")),
    potential_accesses_per_synop=st.floats(0, 1),
    memory_bytes=st.sampled_from((None, 131_072.0)),
)


def test_by_hand() -> None:
    """One event over one synapse, one step, one neuron; every price of a power of two."""
    prices = {
        **{name: 0.0 for name in NM45},
        "int8_add_pj": 1.0,
        "int32_add_pj": 1.0,
        "int8_multiply_pj": 64.0,
        "sram_8kib_pj": 64.0,
        "sram_32kib_pj": 64.0,
        "sram_1mib_pj": 64.0,
        "sram_access_bits": 64.0,
        "dram_pj": 1e9,
    }
    edge = edge_counts(
        [[1]], [[1]], kind="dense", num_synapses=1, num_weights=1, num_source_neurons=1
    )
    layer = layer_counts(edge, spikes=[[1]], shape=(1, 1, 1))
    # A bit that moves costs 1, an addition 1, a multiplication the product of its widths.
    machine = SnnMachine(weight_bits=8, potential_word_bits=32, bias_bits=16, input_bits=5)
    energy = snn_layer_energy(layer, machine, prices, num_steps=1)
    assert {term: energy_B.tolist() for term, energy_B in energy.terms_pj.items()} == {
        "operations": [1 + 2 + 24 * 12],
        "weights": [8 + 16],
        "potentials": [2 * 32 * 2],
        "inputs": [1],
        "outputs": [1],
        "addressing": [1],
        "routing": [0],
    }
    lazy = replace(machine, leak="shift", potential_accesses_per_synop=0.0)
    energy = snn_layer_energy(layer, lazy, prices, num_steps=3, routing_pj=7.0)
    assert energy.terms_pj["operations"].tolist() == [1 + 3 * 3]
    assert energy.terms_pj["potentials"].tolist() == [3 * 2 * 32]
    assert energy.terms_pj["routing"].tolist() == [7]
    # The same synapse of a graded input: a multiplication more, its counter read, zero or not.
    graded = replace(layer, edges=(replace(edge, graded=True, from_input=True),))
    energy = snn_layer_energy(graded, machine, prices, num_steps=1)
    assert energy.terms_pj["operations"].tolist() == [1 + 8 * 5 + 2 + 24 * 12]
    assert energy.terms_pj["inputs"].tolist() == [5]
    # Of a kernel, two multiply-accumulates find the targets of an event.
    kernel = replace(layer, edges=(replace(edge, kind="conv"),))
    energy = snn_layer_energy(kernel, machine, prices, num_steps=1)
    assert energy.terms_pj["addressing"].tolist() == [1 + 2 * (1 + 1)]


@settings(max_examples=12, deadline=None)
@given(MACHINES, st.integers(0, 3), st.integers(0, 2))
def test_against_the_loop(machine: SnnMachine, num_drain: int, sample: int) -> None:
    _, workload = SMALL
    layer = COUNTS.layers[sample % len(COUNTS.layers)]
    num_steps = workload.num_steps + num_drain
    energy = snn_layer_energy(layer, machine, NM45, num_steps=num_steps)
    slow = slow_snn_layer(layer, machine, NM45, num_steps, sample)
    assert energy.terms_pj.keys() == slow.keys()
    for term, energy_pj in slow.items():
        assert energy.terms_pj[term][sample] == pytest.approx(energy_pj, rel=1e-9), term


def test_every_layer_against_the_loop() -> None:
    machine = SnnMachine()
    num_steps = SMALL[1].num_steps
    for layer in COUNTS.layers:
        energy = snn_layer_energy(layer, machine, NM45, num_steps=num_steps)
        slow = slow_snn_layer(layer, machine, NM45, num_steps, 0)
        assert energy.total_pj[0] == pytest.approx(sum(slow.values()))


def test_neurons_without_synapses() -> None:
    layer = layer_counts(spikes=[[3], [4]])
    energy = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=2)
    slow = slow_snn_layer(layer, SnnMachine(), NM45, 2, 0)
    assert energy.terms_pj["inputs"][0] > 0
    assert energy.total_pj[0] == pytest.approx(sum(slow.values()))


def test_graded_spikes_within_the_network() -> None:
    """They come as events that carry a number; only the input's counters are scanned."""
    edge = edge_counts([[7], [0]], [[60], [0]], graded=True)
    layer = layer_counts(edge, spikes=[[3], [4]])
    energy = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=2)
    # 6 bits of address and 8 of payload, in a queue of 10 pJ per 64 bit.
    assert energy.terms_pj["inputs"] == pytest.approx(7 * 14 * 10 / 64)
    slow = slow_snn_layer(layer, SnnMachine(), NM45, 2, 0)
    assert energy.total_pj[0] == pytest.approx(sum(slow.values()))


def test_silence_costs_updates_alone() -> None:
    edge = edge_counts(np.zeros((4, 1), int), np.zeros((4, 1), int))
    layer = layer_counts(edge, spikes=np.zeros((4, 1), int))
    energy = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=4)
    spent = {term for term, energy_B in energy.terms_pj.items() if energy_B.any()}
    assert spent == {"operations", "weights", "potentials"}
    longer = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=8)
    assert longer.total_pj == pytest.approx(2 * energy.total_pj)


def test_a_readout_is_read_once() -> None:
    edge = edge_counts([[0]], [[0]])
    fires = layer_counts(edge, spikes=[[0]])
    reads = snn_layer_energy(replace(fires, fires=False), SnnMachine(), NM45, num_steps=1)
    more = reads.total_pj - snn_layer_energy(fires, SnnMachine(), NM45, num_steps=1).total_pj
    # 64 words of 32 bit from a small memory.
    assert more == pytest.approx(64 * 5)


def test_words_are_in_the_memories_of_their_core() -> None:
    layer = COUNTS.layers[2]
    core = CoreMemory(weights_bytes=200_000.0, potentials_bytes=8192.0)
    spread = SnnMachine(cores={layer.name: core})
    energy = snn_layer_energy(layer, spread, NM45, num_steps=7)
    in_weights = SnnMachine(memory_bytes=core.weights_bytes)
    in_potentials = SnnMachine(memory_bytes=core.potentials_bytes)
    for term, machine in (("weights", in_weights), ("potentials", in_potentials)):
        expected = snn_layer_energy(layer, machine, NM45, num_steps=7).terms_pj[term]
        assert energy.terms_pj[term] == pytest.approx(expected)
    elsewhere = SnnMachine(cores={"other": core})
    assert elsewhere.memory_of(layer.name, 1000, 50) == CoreMemory(1000, 200)

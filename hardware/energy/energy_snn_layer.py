"""Energy of a layer of spiking neurons on a digital machine: see `energy_memory`."""

import numpy as np

from hardware.counts.event_counts import EdgeCounts, LayerCounts
from hardware.energy.constant import Amount, Values
from hardware.energy.digital_machines import SnnMachine
from hardware.energy.energy_breakdown import EnergyBreakdown, breakdown
from hardware.energy.operation_energy import (
    KIB,
    addition_pj,
    address_bits,
    memory_pj,
    multiplication_pj,
)

# Queues of events are short; this is the smallest memory whose energy is known.
_QUEUE_BYTES = 8 * KIB


def snn_layer_energy(
    layer: LayerCounts,
    machine: SnnMachine,
    values: Values,
    *,
    num_steps: int,
    routing_pj: Amount = 0.0,
) -> EnergyBreakdown:
    """Energy of a layer of spiking neurons.

    Args:
        num_steps: In which its neurons are updated; those in which the network drains included.
    """
    num_updates = layer.num_neurons * num_steps
    synops_B = layer.synops_TB.sum(0).astype(np.float64)
    macs_B = layer.macs_TB.sum(0).astype(np.float64)
    spikes_B = layer.spikes_TB.sum(0).astype(np.float64)

    add = addition_pj(machine.potential_bits, values)
    multiply = multiplication_pj(machine.weight_bits, machine.input_bits, values)
    # The bias and the threshold are an addition each.
    update = 2 * add + _leak_pj(machine, values)

    memory = machine.memory_of(layer.name, layer.num_weights, layer.num_neurons)
    weight = memory_pj(machine.weight_bits, memory.weights_bytes, values)
    bias = memory_pj(machine.bias_bits, memory.weights_bytes, values)
    potential = memory_pj(machine.potential_word_bits, memory.potentials_bytes, values)
    accesses_B = 2 * (machine.potential_accesses_per_synop * synops_B + num_updates)

    inputs: Amount = 0.0
    addressing: Amount = 0.0
    for edge in layer.edges:
        inputs = inputs + _arrival_pj(edge, machine, values)
        addressing = addressing + _addressing_pj(edge, layer.num_neurons, values)
    if not layer.edges:  # the input drives these neurons without synapses
        inputs = num_updates * _counter_pj(layer.num_neurons, machine, values)

    outputs = spikes_B * memory_pj(address_bits(layer.num_neurons), _QUEUE_BYTES, values)
    if not layer.fires:  # a readout's membranes are the result, read once per sample
        outputs = outputs + layer.num_neurons * potential
    terms = {
        "operations": synops_B * add + macs_B * multiply + num_updates * update,
        "weights": synops_B * weight + num_updates * bias,
        "potentials": accesses_B * potential,
        "inputs": inputs,
        "outputs": outputs,
        "addressing": addressing,
        "routing": routing_pj,
    }
    return breakdown(layer.name, terms, len(spikes_B))


def _leak_pj(machine: SnnMachine, values: Values) -> Amount:
    if machine.leak == "multiply":
        return multiplication_pj(machine.potential_bits, machine.decay_bits, values)
    return addition_pj(machine.potential_bits, values) if machine.leak == "shift" else 0.0


def _arrival_pj(edge: EdgeCounts, machine: SnnMachine, values: Values) -> Amount:
    """Reading what arrives: events from a queue, or all counters of the input in every step."""
    if edge.graded and edge.from_input:
        num_reads = edge.num_source_neurons * len(edge.events_TB)
        return num_reads * _counter_pj(edge.num_source_neurons, machine, values)
    num_bits = address_bits(edge.num_source_neurons) + (machine.input_bits if edge.graded else 0)
    energy: Amount = edge.events_TB.sum(0).astype(np.float64) * memory_pj(
        num_bits, _QUEUE_BYTES, values
    )
    return energy


def _counter_pj(num_counters: int, machine: SnnMachine, values: Values) -> Amount:
    size = machine.bytes_of(num_counters, machine.input_bits)
    return memory_pj(machine.input_bits, size, values)


def _addressing_pj(edge: EdgeCounts, num_neurons: int, values: Values) -> Amount:
    """Lemaire et al.: an addition per target; with a kernel two multiply-accumulates per event."""
    num_bits = address_bits(num_neurons)
    add = addition_pj(num_bits, values)
    energy: Amount = edge.synops_TB.sum(0).astype(np.float64) * add
    if edge.kind != "dense":
        decode = 2 * (multiplication_pj(num_bits, num_bits, values) + add)
        energy = energy + edge.events_TB.sum(0).astype(np.float64) * decode
    return energy

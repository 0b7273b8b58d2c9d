"""Energy of a layer of a conventional network on a digital machine: see `energy_memory`."""

import numpy as np

from hardware.counts.event_counts import EdgeCounts, LayerCounts
from hardware.energy.constant import Amount, FloatArray, Values
from hardware.energy.digital_machines import AnnMachine
from hardware.energy.energy_breakdown import EnergyBreakdown, breakdown
from hardware.energy.operation_energy import addition_pj, address_bits, memory_pj, multiplication_pj


def ann_layer_energy(layer: LayerCounts, machine: AnnMachine, values: Values) -> EnergyBreakdown:
    """Energy (B,) of a layer of a conventional network in one step, all edges graded."""
    add = addition_pj(machine.accumulator_bits, values)
    weights_bytes = machine.bytes_of(layer.num_weights, machine.weight_bits)
    weight = memory_pj(machine.weight_bits, weights_bytes, values)
    output_bytes = machine.bytes_of(layer.num_neurons, machine.activation_bits)

    # The bias and the rectification are an addition each.
    operations: Amount = 2 * layer.num_neurons * add
    weights: Amount = layer.num_neurons * memory_pj(machine.bias_bits, weights_bytes, values)
    inputs: Amount = 0.0
    addressing: Amount = 0.0
    for edge in layer.edges:
        if not edge.graded:
            raise ValueError(
                f"layer {layer.name!r}: the edge from {edge.source!r} carries spikes; "
                "accepted: graded values"
            )
        num_bits = machine.input_bits if edge.from_input else machine.activation_bits
        macs_B = multiplications(edge, machine)
        multiply = multiplication_pj(machine.weight_bits, num_bits, values)
        read = memory_pj(num_bits, machine.bytes_of(edge.num_source_neurons, num_bits), values)
        operations = operations + macs_B * (multiply + add)
        weights = weights + macs_B / reuse(edge.num_weights, edge, machine) * weight
        inputs = inputs + macs_B / reuse(edge.num_source_neurons, edge, machine) * read
        # Memories are walked through in order. Lemaire et al. add one pass over a kernel, which is
        # less than a thousandth of it.
        num_words = edge.num_source_neurons + layer.num_neurons
        addressing = addressing + num_words * addition_pj(address_bits(num_words), values)
    terms = {
        "operations": operations,
        "weights": weights,
        "potentials": 0.0,
        "inputs": inputs,
        "outputs": layer.num_neurons * memory_pj(machine.activation_bits, output_bytes, values),
        "addressing": addressing,
        "routing": 0.0,
    }
    return breakdown(layer.name, terms, layer.spikes_TB.shape[1])


def reuse(num_words: int, edge: EdgeCounts, machine: AnnMachine) -> float:
    """Multiplications for which a word is used once it is read.

    Args:
        edge: Whose synapses they serve: no word can be used more often than it is needed, at batch
            1 at least. Weights of a small grid are needed a few times only.
    """
    return min(machine.reuse, max(1.0, edge.num_synapses / num_words))


def multiplications(edge: EdgeCounts, machine: AnnMachine) -> FloatArray:
    """Multiply-accumulates that the machine executes, shape (B,)."""
    executed_B = edge.synops_TB.sum(0).astype(np.float64)
    return executed_B if machine.skips_zeros else np.full_like(executed_B, edge.num_synapses)

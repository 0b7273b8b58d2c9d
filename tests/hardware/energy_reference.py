"""Energy of layers, access by access: a slow loop over steps, as the definitions read.

Counts are those of one sample. Nothing of `hardware` is used but the prices of single accesses,
which `test_operation_energy` holds.
"""

import math

from hardware.counts.event_counts import LayerCounts
from hardware.energy.constant import Values
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.operation_energy import addition_pj, memory_pj, multiplication_pj

QUEUE = 8192


def slow_snn_layer(
    layer: LayerCounts, machine: SnnMachine, values: Values, num_steps: int, sample: int
) -> dict[str, float]:
    spent = dict.fromkeys(("operations", "weights", "potentials", "inputs"), 0.0)
    spent |= dict.fromkeys(("outputs", "addressing", "routing"), 0.0)
    neurons = math.prod(layer.shape)

    def size(words: int, bits: int) -> float:
        return machine.memory_bytes or words * bits / 8

    weights = sum(edge.num_weights for edge in layer.edges) or 1
    weight = memory_pj(machine.weight_bits, size(weights, machine.weight_bits), values)
    bias = memory_pj(machine.bias_bits, size(weights, machine.weight_bits), values)
    word = machine.potential_word_bits
    potential = memory_pj(word, size(neurons, word), values)
    add = addition_pj(machine.potential_bits, values)
    address = max(1, math.ceil(math.log2(neurons)))

    for _ in range(num_steps):
        for _ in range(neurons):  # read the membrane, leak, add the bias, compare, write
            spent["potentials"] += potential + potential
            spent["weights"] += bias
            spent["operations"] += add + add
            if machine.leak == "multiply":
                spent["operations"] += multiplication_pj(
                    machine.potential_bits, machine.decay_bits, values
                )
            elif machine.leak == "shift":
                spent["operations"] += add
            if not layer.edges:
                bits = machine.input_bits
                spent["inputs"] += memory_pj(bits, size(neurons, bits), values)
    for edge in layer.edges:
        for step in range(len(edge.events_TB)):
            if edge.graded and edge.source == "input":
                for _ in range(edge.num_source_neurons):
                    bits = machine.input_bits
                    spent["inputs"] += memory_pj(bits, size(edge.num_source_neurons, bits), values)
            for _ in range(int(edge.events_TB[step, sample])):
                if not (edge.graded and edge.source == "input"):
                    bits = max(1, math.ceil(math.log2(edge.num_source_neurons)))
                    bits += machine.input_bits if edge.graded else 0
                    spent["inputs"] += memory_pj(bits, QUEUE, values)
                if edge.kind in ("conv", "conv_transpose"):
                    spent["addressing"] += 2 * addition_pj(address, values)
                    spent["addressing"] += 2 * multiplication_pj(address, address, values)
            for _ in range(int(edge.synops_TB[step, sample])):
                spent["addressing"] += addition_pj(address, values)
                spent["weights"] += weight
                spent["operations"] += add
                if edge.graded:
                    spent["operations"] += multiplication_pj(
                        machine.weight_bits, machine.input_bits, values
                    )
                spent["potentials"] += machine.potential_accesses_per_synop * 2 * potential
    spent["outputs"] += float(layer.spikes_TB[:, sample].sum()) * memory_pj(address, QUEUE, values)
    if not layer.fires:
        spent["outputs"] += neurons * potential
    return spent


def slow_ann_layer(
    layer: LayerCounts, machine: AnnMachine, values: Values, sample: int
) -> dict[str, float]:
    spent = dict.fromkeys(("operations", "weights", "potentials", "inputs"), 0.0)
    spent |= dict.fromkeys(("outputs", "addressing", "routing"), 0.0)
    neurons = math.prod(layer.shape)

    def size(words: int, bits: int) -> float:
        return machine.memory_bytes or words * bits / 8

    weights = sum(edge.num_weights for edge in layer.edges)
    weights_size = size(weights, machine.weight_bits)
    add = addition_pj(machine.accumulator_bits, values)
    for _ in range(neurons):
        bits = machine.activation_bits
        spent["outputs"] += memory_pj(bits, size(neurons, bits), values)
        spent["weights"] += memory_pj(machine.bias_bits, weights_size, values)
        spent["operations"] += add + add
    for edge in layer.edges:
        bits = machine.input_bits if edge.source == "input" else machine.activation_bits
        read = memory_pj(bits, size(edge.num_source_neurons, bits), values)
        # No word can be used more often than a picture needs it.
        input_uses = edge.num_synapses / edge.num_source_neurons
        weight_uses = edge.num_synapses / edge.num_weights
        executed = edge.synops_TB[0, sample] if machine.skips_zeros else edge.num_synapses
        for _ in range(int(executed)):
            spent["operations"] += multiplication_pj(machine.weight_bits, bits, values) + add
            spent["inputs"] += read / min(machine.reuse, max(1.0, input_uses))
            weight = memory_pj(machine.weight_bits, weights_size, values)
            spent["weights"] += weight / min(machine.reuse, max(1.0, weight_uses))
        words = edge.num_source_neurons + neurons
        spent["addressing"] += words * addition_pj(math.ceil(math.log2(words)), values)
    return spent

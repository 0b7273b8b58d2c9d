"""From a network to the cores of a chip, with every limit checked and named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversion.graph.layer_graph import Layer, LayerGraph
from hardware.cores.chip import Chip
from hardware.cores.core_resources import (
    CoreResources,
    Input,
    Output,
    Violation,
    core_resources,
    violations,
)
from hardware.cores.partition import Partition, column_slabs, compact_blocks
from hardware.counts.connections import connect
from hardware.energy.digital_machines import CoreMemory


@dataclass(frozen=True, eq=False)
class CoreMap:
    """Where every layer of a network is computed.

    Cores are numbered through, layer after layer; `hardware.cores.placement` says where they are.
    `violations` lists the limits that are exceeded; it is empty for a network that fits.
    """

    chip: Chip
    partitions: Mapping[str, Partition]
    needs: Mapping[str, CoreResources]
    violations: tuple[Violation, ...]

    @property
    def num_cores(self) -> int:
        """Cores in use."""
        return sum(partition.num_cores for partition in self.partitions.values())

    @property
    def num_chips(self) -> int:
        """Chips that hold them."""
        return -(-self.num_cores // self.chip.num_cores)

    @property
    def first_cores(self) -> dict[str, int]:
        """Number of a layer's first core, by its name."""
        first, found = 0, {}
        for name, partition in self.partitions.items():
            found[name] = first
            first += partition.num_cores
        return found


def core_memories(
    core_map: CoreMap, num_weight_bits: int, potential_word_bits: int
) -> dict[str, CoreMemory]:
    """Memories that the fullest core of each layer needs, for `hardware.energy.energy_memory`.

    What synapses delay waits beside the membranes, in a word per neuron and step.
    """
    return {
        name: CoreMemory(
            max(needs.weights, 1) * num_weight_bits / 8,
            needs.neurons * (1 + needs.delay_steps) * potential_word_bits / 8,
        )
        for name, needs in core_map.needs.items()
    }


def map_network(graph: LayerGraph, chip: Chip, *, num_weight_bits: int = 8) -> CoreMap:
    """Cut every layer into cores, from the last layer to the first.

    A core's output axons depend on the cores of those that it sends to, so they come first. Where a
    layer fits no way at all, the cores are those that exceed the limits least.

    Args:
        graph: The network, balanced: with its delays or relays.

    Raises:
        ValueError: For graded input to a chip whose spikes are binary.
    """
    edges = [edge for layer in graph.layers for edge in layer.edges]
    graded = [e.source for e in edges if e.source in graph.inputs.keys() - graph.binary_inputs]
    if graded and not chip.graded_spikes:
        raise ValueError(
            f"input {graded[0]!r} carries counts, and spikes of {chip.title} are binary; accepted: "
            "a network whose time bins hold one frame of the camera each (num_bins = num_frames)"
        )
    partitions: dict[str, Partition] = {}
    needs: dict[str, CoreResources] = {}
    found: dict[str, list[Violation]] = {}
    for layer in reversed(graph.layers):
        inputs = [
            Input(
                edge,
                connect(edge, graph.shapes[edge.source], layer.shape),
                from_outside=edge.source in graph.inputs,
            )
            for edge in layer.edges
        ]
        outputs = [
            Output(connect(edge, layer.shape, target.shape), partitions[target.name])
            for target in graph.layers
            for edge in target.edges
            if edge.source == layer.name
        ]
        partition = choose_partition(layer, inputs, outputs, chip, num_weight_bits)
        partitions[layer.name] = partition
        needs[layer.name] = core_resources(partition, inputs, outputs, chip, num_weight_bits)
        found[layer.name] = violations(layer.name, needs[layer.name], chip) + [
            Violation(layer.name, "max_delay_steps", edge.delay, chip.max_delay_steps)
            for edge in layer.edges
            # Whoever sends an input sends it again later; nothing has to wait on the chip.
            if edge.source not in graph.inputs and edge.delay > chip.max_delay_steps
        ]
    in_order = [layer.name for layer in graph.layers]
    return CoreMap(
        chip,
        {name: partitions[name] for name in in_order},
        {name: needs[name] for name in in_order},
        tuple(violation for name in in_order for violation in found[name]),
    )


def choose_partition(
    layer: Layer,
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    chip: Chip,
    num_weight_bits: int,
) -> Partition:
    """The fewest cores that hold a layer, by the chip's rule.

    Where slabs of columns do not fit, blocks are tried: a column may be too large for a core. Where
    no candidate fits, it is the one that exceeds a limit least.
    """
    candidates = compact_blocks(layer.shape, chip.neurons_per_core)
    if chip.partition == "columns":
        slabs = (s for s in column_slabs(layer.shape) if _nominal(s) <= chip.neurons_per_core)
        candidates = [*slabs, *candidates]
    least, best = float("inf"), candidates[0]
    for candidate in candidates:
        needs = core_resources(candidate, inputs, outputs, chip, num_weight_bits)
        exceeded = violations(layer.name, needs, chip)
        if not exceeded:
            return candidate
        worst = max(violation.used / violation.allowed for violation in exceeded)
        if worst < least:
            least, best = worst, candidate
    return best


def _nominal(partition: Partition) -> int:
    """Neurons of a whole block, which may be larger than the layer."""
    channels, rows, columns = partition.block
    return channels * rows * columns

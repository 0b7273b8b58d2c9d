"""What the fullest core of a layer needs, and which of a chip's limits that exceeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge
from hardware.cores.chip import Chip
from hardware.cores.partition import Partition
from hardware.counts.connections import Connections


@dataclass(frozen=True)
class CoreResources:
    """Needs of the fullest core of a layer, each the largest over its cores.

    Attributes:
        weights: Stored weights: a kernel once per core.
        delay_steps: Steps for which each neuron keeps what is still to arrive.
        memory_bits: Of them, and of what else the chip keeps there.
        input_axons: Neurons elsewhere whose spikes it is sent, counted once per edge.
        output_axons: (Neuron, receiving core) pairs, once per edge.
    """

    neurons: int
    weights: int
    delay_steps: int
    memory_bits: int
    input_axons: int
    output_axons: int


@dataclass(frozen=True)
class Violation:
    """A limit that is exceeded."""

    layer: str
    limit: str
    used: int
    allowed: int

    def __str__(self) -> str:
        return f"{self.layer}: {self.limit} is {self.used:,}; allowed: {self.allowed:,}"


@dataclass(frozen=True, eq=False)
class Input:
    """An edge into a layer, with who is joined by it."""

    edge: Edge
    connections: Connections
    from_outside: bool = False


@dataclass(frozen=True, eq=False)
class Output:
    """An edge out of a layer, into one whose cores are known."""

    connections: Connections
    target: Partition


def core_resources(
    partition: Partition,
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    chip: Chip,
    num_weight_bits: int,
) -> CoreResources:
    """Needs of the fullest core: the largest of each, which need not occur on the same core."""
    block_neurons = outer(*(owned.sum(1) for owned in partition.ownership))
    no_axons = np.zeros(partition.grid, np.int64)
    weights = sum((_stored_weights(partition, i) for i in inputs), no_axons)
    # Whoever sends an input sends it once more, later: it waits in no core.
    delays = (i.edge.delay for i in inputs if not i.from_outside)
    max_delay = max(delays, default=0)
    state_bits = chip.state_bits_per_neuron + max_delay * chip.delay_bits_per_neuron_and_step
    input_axons = sum(
        (outer(*(reach.sum(1) for reach in reached(partition, i.connections))) for i in inputs),
        no_axons,
    )
    output_axons = sum((_sent_copies(partition, o) for o in outputs), no_axons)
    return CoreResources(
        int(block_neurons.max()),
        int(np.max(weights)),
        max_delay,
        int((weights * num_weight_bits + block_neurons * state_bits).max()),
        int(input_axons.max()),
        int(output_axons.max()),
    )


def violations(layer: str, needs: CoreResources, chip: Chip) -> list[Violation]:
    """The limits of a core that a layer exceeds."""
    found = []
    for need in ("neurons", "memory_bits", "input_axons", "output_axons"):
        limit = f"{need}_per_core"
        used, allowed = getattr(needs, need), getattr(chip, limit)
        if allowed is not None and used > allowed:
            found.append(Violation(layer, limit, used, allowed))
    return found


def reached(partition: Partition, connections: Connections) -> list[npt.NDArray[np.bool_]]:
    """Per axis (blocks, sources): which indices of the source have a synapse in a block."""
    return [
        (owned.astype(np.int64) @ joined.astype(np.int64)) > 0
        for owned, joined in zip(partition.ownership, connections.axes, strict=True)
    ]


def outer(
    channels: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Product of three vectors, one per axis: shape (C, H, W)."""
    return channels.astype(np.int64)[:, None, None] * rows[:, None] * columns


def _stored_weights(partition: Partition, given: Input) -> npt.NDArray[np.int64]:
    """Weights of one edge per block: a kernel is stored once per core, a dense row per neuron."""
    edge = given.edge
    if edge.kind == "dense":
        sources = given.connections.axes
        num_sources = int(np.prod([matrix.shape[1] for matrix in sources]))
        return num_sources * outer(*(owned.sum(1) for owned in partition.ownership))
    owned = partition.ownership[0].astype(np.int64)
    pairs = (owned @ given.connections.axes[0].astype(np.int64)).sum(1)
    kernel = int(np.prod(edge.weight.shape[2:]))
    return np.broadcast_to((pairs * kernel)[:, None, None], partition.grid)


def _sent_copies(partition: Partition, output: Output) -> npt.NDArray[np.int64]:
    """Copies of a spike of every neuron that leave a block, summed over its neurons."""
    copies = []
    for owned, reach in zip(
        partition.ownership, reached(output.target, output.connections), strict=True
    ):
        copies.append(owned.astype(np.int64) @ reach.sum(0))
    return outer(*copies)

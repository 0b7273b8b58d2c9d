"""Messages between cores: a spike is sent once to every core in which it has a synapse.

Shape suffixes: T steps, B samples, C channels, H rows, W columns, S sending and R receiving cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardware.cores.core_resources import reached
from hardware.cores.mapping import CoreMap
from hardware.cores.partition import Partition
from hardware.cores.placement import Hops, hops_between, place
from hardware.counts.connections import BoolMatrix, connect
from hardware.counts.event_counts import Counts
from hardware.counts.workload import Workload


@dataclass(frozen=True, eq=False)
class Traffic:
    """Messages that go into a layer, per sample.

    `input_messages_B`, those from outside, enter the chip at its first tile. Hops are steps from
    router to router.
    """

    layer: str
    messages_B: Counts
    input_messages_B: Counts
    hops_east_west_B: Counts
    hops_north_south_B: Counts
    chip_crossings_B: Counts


def count_traffic(workload: Workload, core_map: CoreMap) -> list[Traffic]:
    """Messages into every layer."""
    placement = place(core_map.num_cores, core_map.chip)
    first = core_map.first_cores
    shapes = workload.shapes
    found = []
    for layer in workload.layers:
        target = core_map.partitions[layer.name]
        cores = slice(first[layer.name], first[layer.name] + target.num_cores)
        total = np.zeros((5, workload.num_samples), np.int64)
        for edge in layer.edges:
            is_input = edge.source in workload.inputs
            shape = shapes[edge.source]
            source = Partition(shape, shape) if is_input else core_map.partitions[edge.source]
            start = 0 if is_input else first[edge.source]
            messages_BSR = messages_between(
                workload.sent_by(edge.source),
                source,
                reached(target, connect(edge, shape, layer.shape)),
            )
            hops = hops_between(placement, slice(start, start + source.num_cores), cores)
            messages_B = messages_BSR.sum((1, 2))
            total += np.stack(
                [
                    messages_B,
                    messages_B * is_input,
                    *((messages_BSR * part).sum((1, 2)) for part in _parts(hops)),
                ]
            )
        found.append(Traffic(layer.name, *total))
    return found


def messages_between(
    sent_TBCHW: npt.NDArray[np.generic], source: Partition, reach: Sequence[BoolMatrix]
) -> Counts:
    """Messages (B, S, R) from every core of a layer to every core of another, over all steps.

    Args:
        reach: Per axis (receiving blocks, sources), of `hardware.cores.core_resources.reached`.
    """
    events = np.count_nonzero(sent_TBCHW, axis=0).astype(np.float64)
    # Per axis (neurons, sending blocks, receiving blocks): is the neuron here, and wanted there?
    pairs = [
        (owned[:, None] & wanted[None]).transpose(2, 0, 1).astype(np.float64)
        for owned, wanted in zip(source.ownership, reach, strict=True)
    ]
    messages = np.einsum("bchw,csp,htq,wur->bstupqr", events, *pairs, optimize=True)
    messages_BSR: Counts = messages.reshape(len(events), source.num_cores, -1).round()
    return messages_BSR.astype(np.int64)


def _parts(hops: Hops) -> list[Counts]:
    return [hops.east_west, hops.north_south, hops.chips]

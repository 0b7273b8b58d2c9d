"""The events of a network that a chip charges for, from counts and traffic."""

from collections.abc import Sequence

import numpy as np

from hardware.counts.event_counts import EventCounts
from hardware.counts.traffic import Traffic
from hardware.energy.constant import FloatArray
from hardware.energy.energy_events import ChipEvents


def chip_events(counts: EventCounts, traffic: Sequence[Traffic], *, pipelined: bool) -> ChipEvents:
    """Events per sample.

    Messages from outside are not counted here: what sending them costs is the host's affair, and
    latency reports them as input. Their hops on the mesh are.
    """
    none_B: FloatArray = np.zeros(counts.num_samples)
    edges = [edge for layer in counts.layers for edge in layer.edges]
    dense_B = sum((e.synops_TB.sum(0) for e in edges if e.kind == "dense"), none_B)
    return ChipEvents(
        synops_dense=dense_B,
        synops_conv=counts.synops_B - dense_B,
        updates=none_B + counts.num_updates(pipelined=pipelined),
        spikes=counts.spikes_B.astype(np.float64),
        messages=none_B + sum(t.messages_B - t.input_messages_B for t in traffic),
        hops_x=none_B + sum(t.hops_east_west_B for t in traffic),
        hops_y=none_B + sum(t.hops_north_south_B for t in traffic),
    )

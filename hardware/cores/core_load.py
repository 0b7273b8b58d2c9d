"""What every core has to do in every step: the slowest one decides how long the step takes.

Shape suffixes: T steps of a sample, S steps on the chip, B samples, C channels, H rows, W columns,
K cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hardware.cores.core_resources import outer, reached
from hardware.cores.mapping import CoreMap
from hardware.counts.connections import connect
from hardware.counts.workload import Array, Workload

Load = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CoreLoad:
    """Work of the cores of a layer in the steps of a sample, aligned with the sample.

    Counts per step (T, B, K): synapses that are driven, of convolutions and of dense edges; spikes
    of a core's neurons, messages that it is sent, and copies of its spikes that it sends. All
    neurons are updated in every step.
    """

    layer: str
    synops_TBK: Load
    dense_synops_TBK: Load
    spikes_TBK: Load
    messages_in_TBK: Load
    messages_out_TBK: Load
    neurons_K: Load


def core_loads(workload: Workload, core_map: CoreMap) -> list[CoreLoad]:
    """Work of all cores."""
    shapes = workload.shapes
    loads = []
    for layer in workload.layers:
        partition = core_map.partitions[layer.name]
        none = np.zeros((workload.num_steps, workload.num_samples, partition.num_cores))
        synops = {"dense": none, "conv": none}
        messages_in = messages_out = spikes = none
        for edge in layer.edges:
            sent = workload.sent_by(edge.source)
            connections = connect(edge, shapes[edge.source], layer.shape)
            driven = [
                owned.astype(np.float64) @ joined
                for owned, joined in zip(partition.ownership, connections.axes, strict=True)
            ]
            kind = "dense" if edge.kind == "dense" else "conv"
            synops[kind] = synops[kind] + per_block(sent, driven)
            messages_in = messages_in + per_block(sent, reached(partition, connections))
        if layer.sent_TBCHW is not None:
            spikes = per_block(layer.sent_TBCHW, partition.ownership)
            messages_out = _messages_out(layer.name, workload, core_map)
        neurons = outer(*(owned.sum(1) for owned in partition.ownership)).ravel()
        loads.append(
            CoreLoad(
                layer.name,
                synops["conv"],
                synops["dense"],
                spikes,
                messages_in,
                messages_out,
                neurons.astype(np.float64),
            )
        )
    return loads


def per_block(sent_TBCHW: Array, weights: Sequence[npt.NDArray[Any]]) -> Load:
    """Sum of events per block, each with the product of its weights along the three axes.

    Args:
        sent_TBCHW: Every value other than zero is an event.
        weights: Per axis (blocks, neurons); the result has blocks in the order C, H, W.
    """
    in_C, in_H, in_W = (matrix.astype(np.float64) for matrix in weights)
    by_step = []
    for sent in sent_TBCHW:  # step by step, because in floating point a record is large
        by_column = (sent != 0).astype(np.float64) @ in_W.T
        by_row = np.einsum("bchk,qh->bcqk", by_column, in_H)
        by_channel = np.einsum("bcqk,pc->bpqk", by_row, in_C)
        by_step.append(by_channel.reshape(len(sent), -1))
    return np.stack(by_step)


def in_chip_time(load_TBK: Load, arrival_step: int, num_drain_steps: int | None) -> Load:
    """Shift what a layer does to the steps in which the chip does it, (T, B, K) to (S, B, K).

    Args:
        arrival_step: Steps until the sample's first step reaches the layer.
        num_drain_steps: Steps after the sample's last input in which it leaves the network, when
            it comes alone. None for samples that follow each other: while a layer works on the end
            of one, its sources are at the next, for which the same sample is taken.
    """
    if num_drain_steps is None:
        return np.roll(load_TBK, arrival_step, axis=0)
    num_steps, *rest = load_TBK.shape
    shifted = np.zeros((num_steps + num_drain_steps, *rest))
    shifted[arrival_step : arrival_step + num_steps] = load_TBK
    return shifted


def _messages_out(name: str, workload: Workload, core_map: CoreMap) -> Load:
    """Copies that the cores of a layer send, over all its receivers."""
    partition = core_map.partitions[name]
    shape = workload.shapes[name]
    sent = workload.sent_by(name)
    total = np.zeros((workload.num_steps, workload.num_samples, partition.num_cores))
    for layer in workload.layers:
        for edge in layer.edges:
            if edge.source != name:
                continue
            reach = reached(core_map.partitions[layer.name], connect(edge, shape, layer.shape))
            copies = [
                owned * wanted.sum(0)[None]
                for owned, wanted in zip(partition.ownership, reach, strict=True)
            ]
            total += per_block(sent, copies)
    return total

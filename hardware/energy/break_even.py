"""The firing rate at which a spiking network costs as much as its conventional twin.

The energy of a spiking layer is linear in what arrives: a part that is due in every step whether
anything arrives or not (updates), and a part per event. So the rate s*, spikes per synapse and
step, at which it equals the conventional layer's is (M synapses, N neurons, F = M / N, T steps)

    s* = (E_ANN / M - (T / F) e_update) / (T e_synop)

with e_update all energy of one update, membranes' reads and writes included, and e_synop all energy
that comes with one synaptic operation: e_acc + e_w + 2 rho e_v + e_addr and its share
(e_packet + hops e_hop) / F_out of moving the spike. Where the updates alone cost more than the
conventional layer, no rate is low enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hardware.counts.event_counts import EventCounts, LayerCounts
from hardware.energy.constant import Amount, Values
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_ann_layer import ann_layer_energy
from hardware.energy.energy_breakdown import EnergyBreakdown
from hardware.energy.energy_memory import binning_energy
from hardware.energy.energy_naive import Arithmetic, accumulate_pj, multiply_accumulate_pj
from hardware.energy.energy_snn_layer import snn_layer_energy

Verdict = Literal["below break-even", "above break-even", "no break-even exists"]


@dataclass(frozen=True)
class BreakEven:
    """A layer's break-even, averaged over samples.

    Attributes:
        rate: s*, spikes per synapse and step (of graded input: values other than zero); None where
            no break-even exists.
        ann_pj: Energy of its twin; 0 for a layer that has none, such as a relay.
    """

    layer: str
    rate: float | None
    measured_rate: float
    snn_pj: float
    ann_pj: float

    @property
    def ratio(self) -> float | None:
        """Measured rate over s*: above 1 the conventional layer is cheaper. None without s*."""
        return None if self.rate is None else self.measured_rate / self.rate

    @property
    def verdict(self) -> Verdict:
        """For a table."""
        if self.rate is None:
            return "no break-even exists"
        return "below break-even" if self.measured_rate <= self.rate else "above break-even"


def break_even_rate(
    ann_per_synapse_pj: float, update_pj: float, synop_pj: float, *, num_steps: int, fan_in: float
) -> float | None:
    """s*, spikes per synapse and step; None where no break-even exists.

    `synop_pj` is e_synop: e_acc + e_w + 2 rho e_v + e_addr + (e_packet + hops e_hop) / F_out;
    `update_pj` is e_update, memory included: e_upd + 2 e_v; `fan_in` is F = M / N.
    """
    if not synop_pj > 0:
        raise ValueError(f"a synaptic operation costs {synop_pj} pJ; accepted: more than 0")
    left = ann_per_synapse_pj - num_steps / fan_in * update_pj
    return left / (num_steps * synop_pj) if left > 0 else None


def naive_break_even_rate(
    arithmetic: Arithmetic, num_steps: int, values: Values, *, zero_fraction: float = 0.0
) -> Amount:
    """s* where arithmetic is all that costs: (E_MAC / E_AC) (1 - gamma) / T, so 5.11 / T in fp32.

    Args:
        zero_fraction: gamma, of the conventional activations, on a machine that skips zeros.
    """
    mac_pj = multiply_accumulate_pj(arithmetic, values)
    return mac_pj / accumulate_pj(arithmetic, values) * ((1 - zero_fraction) / num_steps)


def break_even_table(
    snn: EventCounts,
    ann: EventCounts,
    snn_machine: SnnMachine,
    ann_machine: AnnMachine,
    values: Values,
    *,
    pipelined: bool,
    routing_pj: Mapping[str, Amount] | None = None,
) -> list[BreakEven]:
    """Break-even of every layer that has synapses, and of the whole.

    The rate is that at which the layer would break even if all that it receives and sends became
    rarer, or more frequent, by the same factor. The last entry is the total, layers without
    synapses and binning included; a network without synapses has no entries.

    Args:
        routing_pj: As in `hardware.energy.energy_memory.snn_energy`.
    """
    twins = {layer.name: layer for layer in ann.layers}
    missing = sorted(twins.keys() - {layer.name for layer in snn.layers})
    if missing:
        raise ValueError(f"the spiking network has no layers {missing} of its twin")
    num_update_steps = snn.num_steps + (0 if pipelined else snn.num_pipeline_steps)
    routing = routing_pj or {}

    def snn_pj(layer: LayerCounts, routing_pj: Amount = 0.0) -> float:
        energy = snn_layer_energy(
            layer, snn_machine, values, num_steps=num_update_steps, routing_pj=routing_pj
        )
        return _mean_pj(energy)

    costs = []
    for layer in snn.layers:
        twin = twins.get(layer.name)
        costs.append(
            _Cost(
                layer.name,
                layer.num_neurons,
                layer.num_synapses,
                float(layer.synops_TB.sum(0).mean()),
                snn_pj(layer, routing.get(layer.name, 0.0)),
                snn_pj(_at_rate(layer, 0)),
                snn_pj(_at_rate(layer, 1)),
                0.0 if twin is None else _mean_pj(ann_layer_energy(twin, ann_machine, values)),
            )
        )
    # Binning does not depend on what the network does.
    binning = _mean_pj(binning_energy(snn, snn_machine, values))
    ann_binning = _mean_pj(binning_energy(ann, ann_machine, values))
    total = _Cost(
        "total",
        snn.num_neurons,
        snn.num_synapses,
        sum(cost.synops for cost in costs),
        binning + sum(cost.snn_pj for cost in costs),
        binning + sum(cost.silent_pj for cost in costs),
        binning + sum(cost.full_pj for cost in costs),
        ann_binning + sum(cost.ann_pj for cost in costs),
    )
    rows = [cost for cost in costs if cost.num_synapses]
    return [cost.break_even(snn.num_steps) for cost in ([*rows, total] if rows else [])]


@dataclass(frozen=True)
class _Cost:
    """Of a layer: with what was sent, if nothing had been, and if all neurons always had."""

    name: str
    num_neurons: int
    num_synapses: int
    synops: float
    snn_pj: float
    silent_pj: float
    full_pj: float
    ann_pj: float

    def break_even(self, num_steps: int) -> BreakEven:
        num_ops = num_steps * self.num_synapses
        if self.synops:
            synop_pj = (self.snn_pj - self.silent_pj) / self.synops
        else:
            synop_pj = (self.full_pj - self.silent_pj) / num_ops
        rate = break_even_rate(
            self.ann_pj / self.num_synapses,
            self.silent_pj / (num_steps * self.num_neurons),
            synop_pj,
            num_steps=num_steps,
            fan_in=self.num_synapses / self.num_neurons,
        )
        return BreakEven(self.name, rate, self.synops / num_ops, self.snn_pj, self.ann_pj)


def _at_rate(layer: LayerCounts, rate: Literal[0, 1]) -> LayerCounts:
    """The layer if nothing had been sent, or all neurons had sent in every step."""
    edges = tuple(
        replace(
            edge,
            events_TB=np.full_like(edge.events_TB, rate * edge.num_source_neurons),
            synops_TB=np.full_like(edge.synops_TB, rate * edge.num_synapses),
        )
        for edge in layer.edges
    )
    num_spikes = rate * layer.num_neurons * layer.fires
    return replace(layer, edges=edges, spikes_TB=np.full_like(layer.spikes_TB, num_spikes))


def _mean_pj(energy: EnergyBreakdown) -> float:
    return float(energy.total_pj.mean())

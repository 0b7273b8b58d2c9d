"""Energy of a spiking network and of its conventional twin on digital machines, memory included.

After E. Lemaire et al., "An analytical estimation of spiking neural networks energy efficiency",
ICONIP 2022 (arXiv 2210.13107): every operation is charged, and every word that is read or written,
by the size of the memory it is in. Departures:

- The conventional machine reuses what it has read. Without that (reuse 1, as in the paper) the
  comparison favours the spiking network (Dampfhoffer et al., IEEE TETCI 7(3), 2023).
- Widths are parameters; a word costs its share of an access, see `operation_energy`.
- Counts are exact up to the border, layer by layer, from what was really sent.
- A graded input costs multiply-accumulates, and its counters are read in every step, zero or not.
  Making the counts out of the camera's spikes is charged to both networks.

Not included, on either side: control, clocks, leakage, moving data between chips and to a host.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from hardware.counts.event_counts import EventCounts
from hardware.energy.constant import Amount, Values
from hardware.energy.digital_machines import AnnMachine, Machine, SnnMachine
from hardware.energy.energy_ann_layer import ann_layer_energy
from hardware.energy.energy_breakdown import EnergyBreakdown, add_up, breakdown
from hardware.energy.energy_snn_layer import snn_layer_energy
from hardware.energy.operation_energy import addition_pj, memory_pj

BINNING = "binning"
TERMS = ("operations", "weights", "potentials", "inputs", "outputs", "addressing", "routing")


def snn_energy(
    counts: EventCounts,
    machine: SnnMachine,
    values: Values,
    *,
    pipelined: bool,
    routing_pj: Mapping[str, Amount] | None = None,
) -> list[EnergyBreakdown]:
    """Energy of a spiking network, layer by layer.

    Args:
        routing_pj: By layer, the energy of sending its spikes between cores, shape (B,); free where
            it is not given.

    Returns:
        One entry for the binning of the input, and one per layer, each with the terms `TERMS`;
        weights include biases. `network_energy` is their sum.
    """
    routing = dict(routing_pj or {})
    unknown = sorted(routing.keys() - {layer.name for layer in counts.layers})
    if unknown:
        raise ValueError(f"routing is given for {unknown}; there are no such layers")
    num_steps = counts.num_steps + (0 if pipelined else counts.num_pipeline_steps)
    return [
        binning_energy(counts, machine, values),
        *(
            snn_layer_energy(
                layer, machine, values, num_steps=num_steps, routing_pj=routing.get(layer.name, 0.0)
            )
            for layer in counts.layers
        ),
    ]


def ann_energy(counts: EventCounts, machine: AnnMachine, values: Values) -> list[EnergyBreakdown]:
    """Energy of a conventional network, layer by layer, as `snn_energy`.

    Raises:
        ValueError: For more steps than one, or an edge that carries spikes.
    """
    if counts.num_steps != 1:
        raise ValueError(f"the counts are of {counts.num_steps} steps; accepted: 1")
    return [
        binning_energy(counts, machine, values),
        *(ann_layer_energy(layer, machine, values) for layer in counts.layers),
    ]


def network_energy(layers: Sequence[EnergyBreakdown]) -> EnergyBreakdown:
    """The sum over what `snn_energy` or `ann_energy` returned."""
    return add_up("total", layers)


def binning_energy(counts: EventCounts, machine: Machine, values: Values) -> EnergyBreakdown:
    """Summing the camera's spikes: for each an addition, and its counter is read and written."""
    edges = [edge for layer in counts.layers for edge in layer.edges if edge.from_input]
    inputs = {edge.source: edge.num_source_neurons for edge in edges}
    num_counters = sum(inputs.values()) if inputs else counts.layers[0].num_neurons
    size = machine.bytes_of(num_counters, machine.input_bits)
    spikes_B = counts.binning_TB.sum(0).astype(np.float64)
    terms: dict[str, Amount] = dict.fromkeys(TERMS, 0.0)
    terms["operations"] = spikes_B * addition_pj(machine.input_bits, values)
    terms["inputs"] = 2 * spikes_B * memory_pj(machine.input_bits, size, values)
    return breakdown(BINNING, terms, counts.num_samples)

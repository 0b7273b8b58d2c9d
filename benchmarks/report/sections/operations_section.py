"""What the networks did: operations in NeuroBench's terms, and layer by layer."""

from typing import Any

import numpy as np

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import millions, percent, short
from benchmarks.study.compared_network import Measured
from benchmarks.study.comparison import Comparison
from hardware.counts.event_counts import LayerCounts
from snn_depth.command.table import Table


def operations_section(comparison: Comparison) -> Section:
    """Totals of every network."""
    rows, data = [], []
    for measured in comparison.networks:
        entry = operation_totals(measured)
        data.append(entry)
        rows.append(
            [
                entry["name"],
                f"{entry['weight_bytes'] / 1e6:.2f} MB + {entry['state_bytes'] / 1e6:.2f} MB",
                percent(entry["connection_sparsity"]),
                percent(entry["activation_sparsity"]),
                millions(entry["dense"]),
                millions(entry["effective_macs"]),
                millions(entry["effective_acs"]),
                millions(entry["updates"]),
                millions(entry["dense"] / entry["num_steps"]),
                millions((entry["effective_macs"] + entry["effective_acs"]) / entry["num_steps"]),
                millions(entry["binning_additions"]),
            ]
        )
    table = Table(
        "Operations per inference, mean over the samples",
        [
            "network",
            "weights + state",
            "zero weights",
            "zero activations",
            "dense",
            "effective MACs",
            "effective ACs",
            "updates",
            "dense per step",
            "effective per step",
            "binning additions",
        ],
        rows,
        "Counted exactly up to the border, from what every layer sent; transposed convolutions "
        "included. Whether an operation is a MAC (graded input) or an AC (spikes) is a property of "
        "the layer, never of the data. Biases and normalisation are folded, and counted as part of "
        "an update. An inference of the SNN is all its steps.",
    )
    spec = comparison.spec
    rate_hz = comparison.sample_rate_hz
    window_ms = comparison.window_us / 1e3
    text = Text(
        f"Execution rate: one inference per window of {spec.num_frames} frames is "
        f"{1e3 / window_ms:.0f} per second ({short(window_ms)} ms of {rate_hz / 1e3:g} "
        "kHz frames).",
        "note",
    )
    return Section("operations", "Operations", [table, text], {"networks": data})


def operation_totals(measured: Measured) -> dict[str, Any]:
    """Totals of a network per inference, means over samples."""
    counts = measured.counts
    edges = [edge for layer in counts.layers for edge in layer.edges]
    senders = [layer for layer in counts.layers if layer.fires]
    sent = sum(float(layer.spikes_TB.sum(0).mean()) for layer in senders)
    places = counts.num_steps * sum(layer.num_neurons for layer in senders)
    network = measured.network
    # A membrane is kept from step to step; an activation until its readers have it.
    state_bits = 32 if network.kind == "snn" else network.activation_bits
    return {
        "name": network.name,
        "num_steps": counts.num_steps,
        "weight_bytes": counts.num_weights * network.weight_bits / 8,
        "state_bytes": counts.num_neurons * state_bits / 8,
        "connection_sparsity": sum(e.num_zero_weights for e in edges) / counts.num_weights,
        "activation_sparsity": 1 - sent / places,
        "dense": counts.num_synapses * counts.num_steps,
        "effective_macs": float(counts.macs_B.mean()),
        "effective_acs": float(counts.accumulations_B.mean()),
        "updates": counts.num_updates(pipelined=True),
        "updates_of_a_lone_sample": counts.num_updates(pipelined=False),
        "spikes": sent,
        "binning_additions": float(counts.binning_TB.sum(0).mean()),
    }


def layer_totals(layer: LayerCounts, num_steps: int) -> dict[str, Any]:
    """What happened in a layer in T steps, means over samples."""
    events = {edge.source: float(edge.events_TB.sum(0).mean()) for edge in layer.edges}
    sources = {edge.source: edge.num_source_neurons for edge in layer.edges}
    spiking = list(dict.fromkeys(e.source for e in layer.edges if not e.from_input))
    arrived = sum(events[name] for name in spiking)
    places = num_steps * sum(sources[name] for name in spiking)
    return {
        "name": layer.name,
        "shape": list(layer.shape),
        "rate_in": arrived / places if places else None,
        "rate_out": float(layer.spikes_TB.mean()) / layer.num_neurons if layer.fires else None,
        "dense": layer.num_synapses * num_steps,
        "accumulations": float(layer.accumulations_TB.sum(0).mean()),
        "macs": float(layer.macs_TB.sum(0).mean()),
        "updates": layer.num_neurons * num_steps,
        "spikes": float(layer.spikes_TB.sum(0).mean()),
        "spikes_per_synapse": float(layer.synops_TB.sum(0).mean()) / layer.num_synapses,
    }


def rate(value: float | None) -> str:
    """A firing rate; a dash where there is none."""
    return "-" if value is None or np.isnan(value) else percent(value)

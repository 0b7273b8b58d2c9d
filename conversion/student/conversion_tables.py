"""A conversion's figures on the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from conversion.graph.timing import TimingCosts
from conversion.lava.proof import LavaProof, LayerDifference
from conversion.student.convert import Conversion
from conversion.student.layer_report import LayerRow
from snn_depth.command.table import Column, Table, number_columns


def print_conversion(
    conversion: Conversion,
    proofs: Sequence[LavaProof],
    scores: Mapping[str, Mapping[str, float]],
    console: Console,
) -> None:
    """Print everything; `scores` are depth metrics by name, by network, empty without depth."""
    num_steps, num_samples = conversion.inputs_TBCHW.shape[:2]
    console.print(layer_table(conversion.rows).to_rich())
    console.print(hand_over_table(conversion.rows, proofs).to_rich())
    console.print(readout_text(conversion.rows))
    if scores:
        console.print(score_table(scores, num_samples).to_rich())
    console.print(timing_text(conversion.costs, num_steps))
    if proofs:
        console.print(lava_text(proofs))


def layer_table(rows: Sequence[LayerRow]) -> Table:
    """What every layer is."""
    cells = []
    for row in rows:
        bits = (f"{bits}*2^{shift}" if shift else str(bits) for bits, shift in row.bits_used)
        rates = ["", ""]
        if row.firing is not None:
            rates = [f"{row.firing.rate:.2%}", f"{row.firing.rate_integer:.2%}"]
        cells.append(
            [
                row.name,
                "x".join(map(str, row.shape)),
                f"{row.num_neurons:,}",
                f"{row.num_weights:,}",
                " ".join(bits),
                *rates,
            ]
        )
    numbers = number_columns("neurons", "weights", "bits", "rate float", "integer")
    return Table(
        "layers",
        ["layer", Column("shape", "left"), *numbers],
        cells,
        "bits: of each edge's weights, and the power of two on top; rate: spikes per "
        "neuron and step",
    )


def hand_over_table(rows: Sequence[LayerRow], proofs: Sequence[LavaProof]) -> Table:
    """What differs from stage to stage, but for readouts in float and integer: `readout_text`."""
    cells = []
    for row in rows:
        differ = ["", "", ""]
        if row.firing is not None:
            firing = row.firing
            differ = [
                f"{firing.mismatches:,}",
                f"{firing.mismatches_float32:,}",
                f"{firing.share_changed:.1%}",
            ]
        in_lava = [_difference(proof.differences[row.name]) for proof in proofs]
        cells.append([row.name, *differ, *in_lava])
    lava_headings = [f"{proof.name}\nspikes, membrane" for proof in proofs]
    numbers = number_columns(
        "student\nfloat64", "student\nfloat32", "integer\nchanged", *lava_headings
    )
    return Table(
        "spikes that differ",
        ["layer", *numbers],
        cells,
        "student: from the float graph, computed in float64 and in float32; changed: spikes that "
        "the integer graph adds or drops, per spike"
        + "; Lava: from the simulator, and the largest difference of membranes"
        * bool(proofs),
    )


def readout_text(rows: Sequence[LayerRow]) -> str:
    """How far the readouts' membranes are apart, a line each."""
    return "\n".join(
        f"{row.name}: membranes differ by up to {row.drift.from_student:.1e} between student "
        f"(float64) and float graph, and by {row.drift.integer_rms:.3g} (RMS; theirs is "
        f"{row.drift.rms:.3g}) between float and integer graph"
        for row in rows
        if row.drift is not None
    )


def score_table(scores: Mapping[str, Mapping[str, float]], num_samples: int) -> Table:
    """Depth metrics by name, by network: means over the samples."""
    cells = [
        [name, *(f"{value:.4f}" for value in metrics.values())] for name, metrics in scores.items()
    ]
    columns: list[Column | str] = ["network", *number_columns(*next(iter(scores.values())))]
    return Table(f"depth, {num_samples} samples", columns, cells)


def timing_text(costs: TimingCosts, num_steps: int) -> str:
    """Steps, delays, and what they cost."""
    waits = ", ".join(f"{source} to {target} {n}" for (source, target), n in costs.delays.items())
    return (
        f"timing: {costs.num_pipeline_steps} pipeline steps; a sample takes {num_steps} steps, or "
        f"{num_steps + costs.num_pipeline_steps} alone\n"
        f"delays in steps (the input is sent once more): {waits or 'none'}\n"
        f"cost of the delays: no neurons in the synapses; as relays {costs.num_relay_neurons:,} "
        f"neurons, {costs.relay_share:.0%} of all updates"
    )


def lava_text(proofs: Sequence[LavaProof]) -> str:
    """What the runs in Lava took, beside the simulators, a line each."""
    return "\n".join(
        f"{proof.name} ({proof.synapses} synapses): {proof.run.num_steps} steps in "
        f"{proof.run.run_s:.2f} s after {proof.run.build_s:.1f} s to start "
        f"{proof.run.num_processes} processes; simulator: {proof.simulator_s:.2f} s; memory "
        f"{proof.run.peak_memory_bytes / 1e6:,.0f} MB, of which /dev/shm "
        f"{proof.run.peak_shared_memory_bytes / 1e6:,.1f} MB"
        for proof in proofs
    )


def _difference(difference: LayerDifference) -> str:
    membrane = f"{difference.largest_membrane:.2g}"
    return membrane if difference.num_spikes is None else f"{difference.num_spikes:,}, {membrane}"

"""A conversion's figures on the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from conversion.graph.timing import TimingCosts
from conversion.lava.proof import LavaProof, LayerDifference
from conversion.student.convert import Conversion
from conversion.student.layer_report import LayerRow


def print_conversion(
    conversion: Conversion,
    proofs: Sequence[LavaProof],
    scores: Mapping[str, Mapping[str, float]],
    console: Console,
) -> None:
    """Print everything.

    Args:
        conversion: The conversion.
        proofs: Its runs in Lava.
        scores: Depth metrics by name, by network; empty without depth.
        console: Where to print.
    """
    num_steps, num_samples = conversion.inputs_TBCHW.shape[:2]
    console.print(layer_table(conversion.rows))
    console.print(hand_over_table(conversion.rows, proofs))
    console.print(readout_text(conversion.rows))
    if scores:
        console.print(score_table(scores, num_samples))
    console.print(timing_text(conversion.costs, num_steps))
    if proofs:
        console.print(lava_text(proofs))


def layer_table(rows: Sequence[LayerRow]) -> Table:
    """What every layer is: one line per layer.

    Args:
        rows: Figures of all layers.

    Returns:
        The table.
    """
    table = _table(
        "layers",
        "bits: of each edge's weights, and the power of two on top; rate: spikes per "
        "neuron and step",
    )
    for heading in ("layer", "shape"):
        table.add_column(heading)
    for heading in ("neurons", "weights", "bits", "rate float", "integer"):
        table.add_column(heading, justify="right")
    for row in rows:
        bits = (f"{bits}*2^{shift}" if shift else str(bits) for bits, shift in row.bits_used)
        rates = ["", ""]
        if row.firing is not None:
            rates = [f"{row.firing.rate:.2%}", f"{row.firing.rate_integer:.2%}"]
        table.add_row(
            row.name,
            "x".join(map(str, row.shape)),
            f"{row.num_neurons:,}",
            f"{row.num_weights:,}",
            " ".join(bits),
            *rates,
        )
    return table


def hand_over_table(rows: Sequence[LayerRow], proofs: Sequence[LavaProof]) -> Table:
    """What differs from stage to stage: one line per layer.

    Args:
        rows: Figures of all layers.
        proofs: Runs in Lava.

    Returns:
        The table; the readout's differences on the way to the integer network are in
        `readout_text`.
    """
    table = _table(
        "spikes that differ",
        "student: from the float graph, computed in float64 and in float32; changed: spikes that "
        "the integer graph adds or drops, per spike"
        + "; Lava: from the simulator, and the largest difference of membranes"
        * bool(proofs),
    )
    table.add_column("layer")
    for heading in (
        "student\nfloat64",
        "student\nfloat32",
        "integer\nchanged",
        *(f"{proof.name}\nspikes, membrane" for proof in proofs),
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        differ = ["", "", ""]
        if row.firing is not None:
            firing = row.firing
            differ = [
                f"{firing.mismatches:,}",
                f"{firing.mismatches_float32:,}",
                f"{firing.share_changed:.1%}",
            ]
        table.add_row(
            row.name, *differ, *(_difference(proof.differences[row.name]) for proof in proofs)
        )
    return table


def readout_text(rows: Sequence[LayerRow]) -> str:
    """How far the readouts' membranes are apart.

    Args:
        rows: Figures of all layers.

    Returns:
        One line per readout.
    """
    return "\n".join(
        f"{row.name}: membranes differ by up to {row.drift.from_student:.1e} between student "
        f"(float64) and float graph, and by {row.drift.integer_rms:.3g} (RMS; theirs is "
        f"{row.drift.rms:.3g}) between float and integer graph"
        for row in rows
        if row.drift is not None
    )


def score_table(scores: Mapping[str, Mapping[str, float]], num_samples: int) -> Table:
    """Depth metrics, one line per network.

    Args:
        scores: Metrics by name, by network.
        num_samples: Samples that they are means over.

    Returns:
        The table.
    """
    table = Table(title=f"depth, {num_samples} samples")
    table.add_column("network")
    for metric in next(iter(scores.values())):
        table.add_column(metric, justify="right")
    for name, metrics in scores.items():
        table.add_row(name, *(f"{value:.4f}" for value in metrics.values()))
    return table


def timing_text(costs: TimingCosts, num_steps: int) -> str:
    """Steps, delays, and what they cost.

    Args:
        costs: Of the network.
        num_steps: Steps per sample.

    Returns:
        A few lines.
    """
    waits = ", ".join(f"{source} to {target} {n}" for (source, target), n in costs.delays.items())
    return (
        f"timing: {costs.num_pipeline_steps} pipeline steps; a sample takes {num_steps} steps, or "
        f"{num_steps + costs.num_pipeline_steps} alone\n"
        f"delays in steps (the input is sent once more): {waits or 'none'}\n"
        f"cost of the delays: no neurons in the synapses; as relays {costs.num_relay_neurons:,} "
        f"neurons, {costs.relay_share:.0%} of all updates"
    )


def lava_text(proofs: Sequence[LavaProof]) -> str:
    """What the runs in Lava took, beside the simulators.

    Args:
        proofs: The runs.

    Returns:
        One line per run.
    """
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


def _table(title: str, caption: str) -> Table:
    return Table(
        title=title,
        box=SIMPLE_HEAD,  # all columns fit 80 characters
        collapse_padding=True,
        pad_edge=False,
        caption=caption,
        caption_justify="left",
    )

"""A conversion's figures on the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from conversion.layer_report import LayerRow
from conversion.timing import TimingCosts


def layer_table(rows: Sequence[LayerRow]) -> Table:
    """One line per layer.

    Args:
        rows: Figures of all layers.

    Returns:
        The table; the readout's differences are in `readout_text`.
    """
    table = Table(
        title="layers",
        box=SIMPLE_HEAD,  # all columns fit 80 characters
        collapse_padding=True,
        pad_edge=False,
        caption_justify="left",
        caption="bits: of each edge's weights, and the power of two on top; changed: spikes that "
        "the integer network adds or drops, per spike; differ: spikes of the student that the "
        "float graph has not, with the student in float64 and in float32",
    )
    for heading in ("layer", "shape"):
        table.add_column(heading)
    for heading in (
        "neurons",
        "weights",
        "bits",
        "rate\nfloat",
        "integer",
        "changed",
        "differ\n64, 32",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        bits = (f"{bits}*2^{shift}" if shift else str(bits) for bits, shift in row.bits_used)
        fired = ["", "", "", ""]
        if row.firing is not None:
            firing = row.firing
            fired = [
                f"{firing.rate:.2%}",
                f"{firing.rate_integer:.2%}",
                f"{firing.share_changed:.1%}",
                f"{firing.mismatches}, {firing.mismatches_float32}",
            ]
        table.add_row(
            row.name,
            "x".join(map(str, row.shape)),
            f"{row.num_neurons:,}",
            f"{row.num_weights:,}",
            " ".join(bits),
            *fired,
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
    """Steps, delays, and what relays would cost.

    Args:
        costs: Of the network.
        num_steps: Steps per sample.

    Returns:
        Three lines.
    """
    waits = ", ".join(f"{source} to {target} {n}" for (source, target), n in costs.delays.items())
    return (
        f"timing: {costs.num_pipeline_steps} pipeline steps; a sample takes {num_steps} steps, or "
        f"{num_steps + costs.num_pipeline_steps} alone\n"
        f"delays in steps (synaptic, no neurons): {waits or 'none'}\n"
        f"without synaptic delays: {costs.num_relay_neurons:,} relay neurons, "
        f"{costs.relay_share:.0%} of all updates"
    )

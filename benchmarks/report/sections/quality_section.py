"""Quality first: what each network's depth is worth, with the uncertainty of a few scenes."""

import numpy as np

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from benchmarks.study.compared_network import METRICS, Measured
from benchmarks.study.comparison import Comparison
from hardware.energy.uncertainty import Interval, bootstrap_mean
from snn_depth.command.table import Table

HIGHER_IS_BETTER = {"delta1"}


def mean_interval(comparison: Comparison, measured: Measured, metric: str) -> Interval:
    """95 % interval of a metric's mean, scenes drawn."""
    return bootstrap_mean(measured.scores_B[metric], comparison.samples.scenes_B)


def difference_interval(
    comparison: Comparison, ours: Measured, theirs: Measured
) -> tuple[float, Interval]:
    """(ours - theirs) / mean of theirs in abs_rel on the same samples, and its 95 % interval."""
    difference_B = (ours.scores_B["abs_rel"] - theirs.scores_B["abs_rel"]) / theirs.abs_rel
    found = bootstrap_mean(difference_B, comparison.samples.scenes_B)
    return float(np.mean(difference_B)), found


def quality_section(comparison: Comparison) -> Section:
    """Metrics of all networks on the same samples."""
    rows, data = [], []
    for measured in comparison.networks:
        network = measured.network
        cells = [network.name, str(network.weight_bits), _activations(measured)]
        entry = {
            "name": network.name,
            "weight_bits": network.weight_bits,
            "activation_bits": network.activation_bits,
        }
        for metric in METRICS:
            mean = float(np.mean(measured.scores_B[metric]))
            ends = mean_interval(comparison, measured, metric)
            cells.append(f"{short(mean)} ({short(ends.low)} to {short(ends.high)})")
            entry[metric] = {"mean": mean, "low": ends.low, "high": ends.high}
        if measured is comparison.snn:
            cells.append("")
        else:
            difference, ends = difference_interval(comparison, comparison.snn, measured)
            cells.append(f"{difference:+.1%} ({ends.low:+.1%} to {ends.high:+.1%})")
            entry["snn_abs_rel_difference"] = {
                "mean": difference,
                "low": ends.low,
                "high": ends.high,
            }
        rows.append(cells)
        data.append(entry)
    samples = comparison.samples
    table = Table(
        f"Depth, metres without alignment, {len(samples)} samples of {samples.num_scenes} scenes",
        ["network", "weight bits", "activations", *METRICS, "SNN against it, abs_rel"],
        rows,
        "In brackets 95 % bootstrap intervals over scenes: frames of a scene are alike. "
        + _simulator(comparison),
    )
    blocks: list[Text | Table] = [table]
    if not any(m.network.kind == "teacher" for m in comparison.others):
        blocks.append(Text("No RGB teacher was given (--networks).", "note"))
    return Section("quality", "Quality", blocks, {"networks": data})


def _simulator(comparison: Comparison) -> str:
    runs = comparison.artifact.provenance.get("lava_runs", [])
    if any(run["target"] == "lava-fixed" for run in runs):
        return (
            "The integer SNN is run by the simulator that Lava's fixed-point processes equal bit "
            "for bit (conversion.to_lava proved it for this artifact); no chip was at hand."
        )
    return (
        "The integer SNN is run by the integer simulator; this artifact was not run in Lava's "
        "fixed-point processes, and no chip was at hand."
    )


def _activations(measured: Measured) -> str:
    network = measured.network
    if network.kind == "snn":
        return f"spikes, T = {measured.counts.num_steps}"
    return "float" if network.activation_bits > 16 else f"{network.activation_bits} bits"

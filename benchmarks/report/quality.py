"""Quality first: what each network's depth is worth, with the uncertainty of a few scenes."""

import numpy as np

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from benchmarks.report.part import Part
from benchmarks.study.contender import METRICS, Measured
from benchmarks.study.study import Study
from hardware.energy.uncertainty import Interval, bootstrap_mean
from snn_depth.command.table import Table

HIGHER_IS_BETTER = {"delta1"}


def mean_interval(study: Study, measured: Measured, metric: str) -> Interval:
    """95 % interval of a mean, scenes drawn.

    Args:
        study: With the scenes.
        measured: A network.
        metric: One of `METRICS`.
    """
    return bootstrap_mean(measured.scores_B[metric], study.samples.scenes_B)


def difference_interval(study: Study, ours: Measured, theirs: Measured) -> tuple[float, Interval]:
    """Relative difference in abs_rel on the same samples, and its 95 % interval.

    Args:
        study: With the scenes.
        ours: A network.
        theirs: Another, in relation to whose mean the difference is given.

    Returns:
        (ours - theirs) / mean of theirs.
    """
    difference_B = (ours.scores_B["abs_rel"] - theirs.scores_B["abs_rel"]) / theirs.abs_rel
    found = bootstrap_mean(difference_B, study.samples.scenes_B)
    return float(np.mean(difference_B)), found


def quality_part(study: Study) -> Part:
    """Metrics of all networks on the same samples.

    Args:
        study: What was measured.
    """
    rows, data = [], []
    for measured in study.networks:
        contender = measured.contender
        cells = [contender.name, str(contender.weight_bits), _activations(measured)]
        entry = {
            "name": contender.name,
            "weight_bits": contender.weight_bits,
            "activation_bits": contender.activation_bits,
        }
        for metric in METRICS:
            mean = float(np.mean(measured.scores_B[metric]))
            ends = mean_interval(study, measured, metric)
            cells.append(f"{short(mean)} ({short(ends.low)} to {short(ends.high)})")
            entry[metric] = {"mean": mean, "low": ends.low, "high": ends.high}
        if measured is study.snn:
            cells.append("")
        else:
            difference, ends = difference_interval(study, study.snn, measured)
            cells.append(f"{difference:+.1%} ({ends.low:+.1%} to {ends.high:+.1%})")
            entry["snn_abs_rel_difference"] = {
                "mean": difference,
                "low": ends.low,
                "high": ends.high,
            }
        rows.append(cells)
        data.append(entry)
    samples = study.samples
    table = Table(
        f"Depth, metres without alignment, {len(samples)} samples of {samples.num_scenes} scenes",
        ["network", "weight bits", "activations", *METRICS, "SNN against it, abs_rel"],
        rows,
        "In brackets 95 % bootstrap intervals over scenes: frames of a scene are alike. "
        + _simulator(study),
    )
    blocks: list[Text | Table] = [table]
    if not any(m.contender.kind == "teacher" for m in study.others):
        blocks.append(Text("No RGB teacher was given (--networks).", "note"))
    return Part("quality", Section("Quality", blocks), {"networks": data})


def _simulator(study: Study) -> str:
    runs = study.artifact.provenance.get("lava_runs", [])
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
    contender = measured.contender
    if contender.kind == "snn":
        return f"spikes, T = {measured.counts.num_steps}"
    return "float" if contender.activation_bits > 16 else f"{contender.activation_bits} bits"

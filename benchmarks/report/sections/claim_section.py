"""The one sentence that may be quoted, or the refusal of one."""

from collections.abc import Sequence

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from benchmarks.report.sections.energy_section import RHO, comparison_ratio
from benchmarks.report.sections.quality_section import difference_interval
from benchmarks.study.compared_network import Measured
from benchmarks.study.comparison import NOMINAL_REUSE, REUSE, Comparison
from hardware.energy.break_even import break_even_table
from hardware.energy.energy_comparison import EnergyRatio, headline

# More than this is not the same quality, and no energy makes up for it unsaid.
ACCEPTED_LOSS = 0.05


def claim_section(comparison: Comparison) -> Section:
    """Ratio, quality and break-even in a few lines."""
    baseline = comparison.baseline
    if baseline is None:
        text = (
            "No energy ratio is given: there is no fair counterpart among the networks. It is the "
            f"twin with {comparison.fair_bits} activation bits, as many as "
            f"{comparison.snn.counts.num_steps} steps of spikes can say (--networks)."
        )
        return Section("claim", "Claim", [Text(text, "verdict")], {"headline": text})
    ratios = {
        (reuse, rho): comparison_ratio(comparison, baseline, reuse, rho)
        for reuse in REUSE
        if reuse >= NOMINAL_REUSE
        for rho in RHO
    }
    ratio, in_registers = ratios[NOMINAL_REUSE, 1.0], ratios[NOMINAL_REUSE, 0.0]
    samples = comparison.samples
    boundary = (
        "modelled, digital machines of 45 to 7 nm, memory included, dynamic only, membranes read "
        "and written for every event; counterpart: "
        f"{baseline.network.name} activations, {baseline.network.weight_bits}-bit weights, "
        f"reuse {NOMINAL_REUSE:g}; {len(samples)} samples of {samples.num_scenes} scenes"
    )
    difference, ends = difference_interval(comparison, comparison.snn, baseline)
    sentence = headline(ratio, boundary)
    refusal = reason_to_refuse(list(ratios.values()), ends.high)
    if refusal and ratio.is_decided:
        sentence = f"No energy ratio is given: {refusal} ({boundary})."
    lines = [
        f"If the machine kept the sums of a step in registers: {short(in_registers.median, 2)} "
        f"times (5-95 % {short(in_registers.interval.low, 2)} to "
        f"{short(in_registers.interval.high, 2)}).",
        quality_line(comparison, baseline),
        break_even_line(comparison, baseline),
    ]
    blocks = [Text(sentence, "verdict"), *map(Text, lines)]
    data = _data(sentence, ratio, lines) | {"abs_rel_difference": difference}
    return Section("claim", "Claim", blocks, data)


def reason_to_refuse(ratios: Sequence[EnergyRatio], largest_loss: float) -> str:
    """Why no ratio may be quoted; empty where one may.

    Args:
        ratios: At all designs of the machines that are open.
        largest_loss: Upper end of the relative difference in abs_rel to the counterpart.
    """
    if len({ratio.median < 1 for ratio in ratios}) > 1 or not all(r.is_decided for r in ratios):
        return (
            "which network needs less depends on how often the machine accesses its membranes, or "
            "reuses its weights"
        )
    if ratios[0].median < 1 and largest_loss > ACCEPTED_LOSS:
        return (
            f"the spiking network may be worse by {largest_loss:.1%} in abs_rel, more than the "
            f"accepted {ACCEPTED_LOSS:.0%}"
        )
    return ""


def quality_line(comparison: Comparison, baseline: Measured) -> str:
    """What the spiking network's depth is worth beside its counterpart's."""
    difference, ends = difference_interval(comparison, comparison.snn, baseline)
    verdict = "within" if ends.high <= ACCEPTED_LOSS else "not surely within"
    return (
        f"Quality: abs_rel {short(comparison.snn.abs_rel)} against {short(baseline.abs_rel)}, "
        f"{difference:+.1%} (95 % interval {ends.low:+.1%} to {ends.high:+.1%}), {verdict} the "
        f"accepted loss of {ACCEPTED_LOSS:.0%}."
    )


def break_even_line(comparison: Comparison, baseline: Measured) -> str:
    """Where the whole network stands."""
    total = break_even_table(
        comparison.snn.counts,
        baseline.counts,
        comparison.snn_machine,
        comparison.ann_machine(baseline),
        comparison.arithmetic.values,
        pipelined=True,
    )[-1]
    if total.rate is None:
        return (
            "Break-even: none exists. Updating the membranes alone, with no event at all, costs "
            f"more than the counterpart ({short(total.ann_pj / 1e6)} uJ)."
        )
    return (
        f"Break-even: at {short(total.rate, 2)} events per synapse and step; measured "
        f"{short(total.measured_rate, 2)}, {short(total.measured_rate / total.rate, 2)} times "
        f"that: {total.verdict}."
    )


def _data(sentence: str, ratio: EnergyRatio, lines: list[str]) -> dict[str, object]:
    return {
        "headline": sentence,
        "ratio": ratio.median,
        "ratio_at_nominal": ratio.nominal,
        "interval": [ratio.interval.low, ratio.interval.high],
        "is_decided": ratio.is_decided,
        "lines": lines,
    }

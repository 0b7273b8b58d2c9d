"""The one sentence that may be quoted, or the refusal of one."""

from benchmarks.report.contender import Measured
from benchmarks.report.document import Section, Text
from benchmarks.report.energy import study_ratio
from benchmarks.report.numbers import short
from benchmarks.report.part import Part
from benchmarks.report.quality import difference_interval
from benchmarks.report.study import NOMINAL_REUSE, Study
from hardware.break_even import break_even_table
from hardware.energy_comparison import EnergyRatio, headline

# More than this is not the same quality, and no energy makes up for it unsaid.
ACCEPTED_LOSS = 0.05


def claim_part(study: Study) -> Part:
    """Ratio, quality and break-even in a few lines.

    Args:
        study: What was measured.
    """
    baseline = study.baseline
    if baseline is None:
        text = (
            "No energy ratio is given: there is no fair counterpart among the networks. It is the "
            f"twin with {study.fair_bits} activation bits, as many as {study.snn.counts.num_steps} "
            "steps of spikes can say (--networks)."
        )
        return Part("claim", Section("Claim", [Text(text, "verdict")]), {"headline": text})
    ratio = study_ratio(study, baseline)
    boundary = (
        "modelled, 45 nm digital, memory included, dynamic only; counterpart: "
        f"{baseline.contender.name} activations, {baseline.contender.weight_bits}-bit weights, "
        f"reuse {NOMINAL_REUSE:g}; {len(study.samples)} samples of {study.samples.num_scenes} "
        "scenes"
    )
    sentence = headline(ratio, boundary)
    lines = [quality_line(study, baseline), break_even_line(study, baseline)]
    blocks = [Text(sentence, "verdict"), *map(Text, lines)]
    return Part("claim", Section("Claim", blocks), _data(sentence, ratio, lines))


def quality_line(study: Study, baseline: Measured) -> str:
    """What the spiking network's depth is worth beside its counterpart's.

    Args:
        study: What was measured.
        baseline: The counterpart.
    """
    difference, ends = difference_interval(study, study.snn, baseline)
    verdict = "within" if difference <= ACCEPTED_LOSS else "more than"
    return (
        f"Quality: abs_rel {short(study.snn.abs_rel)} against {short(baseline.abs_rel)}, "
        f"{difference:+.1%} (95 % interval {ends.low:+.1%} to {ends.high:+.1%}), {verdict} the "
        f"accepted loss of {ACCEPTED_LOSS:.0%}."
    )


def break_even_line(study: Study, baseline: Measured) -> str:
    """Where the whole network stands.

    Args:
        study: What was measured.
        baseline: The counterpart.
    """
    total = break_even_table(
        study.snn.counts,
        baseline.counts,
        study.snn_machine,
        study.ann_machine(baseline),
        study.arithmetic.values,
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

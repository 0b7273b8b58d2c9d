"""The sentences that must not be wrong."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.report.sections.claim_section import claim_section, reason_to_refuse
from benchmarks.report.sections.pareto_section import verdict
from benchmarks.study.comparison import Comparison
from benchmarks.study.pareto_front import on_front
from hardware.energy.energy_comparison import EnergyRatio
from hardware.energy.uncertainty import Interval


@pytest.mark.slow
def test_headline_is_refused_where_the_interval_spans_one(comparison: Comparison) -> None:
    """The same comparison at a price list that leaves everything open."""
    wide = {
        name: replace(constant, low=constant.value / 1e4, high=constant.value * 1e4)
        for name, constant in comparison.arithmetic.constants.items()
    }
    open_study = replace(comparison, arithmetic=replace(comparison.arithmetic, constants=wide))
    part = claim_section(open_study)
    assert part.data["headline"].startswith("No energy ratio is given: the constants leave open")
    assert not part.data["is_decided"]
    assert (
        claim_section(comparison)
        .data["headline"]
        .startswith("The spiking network takes more energy")
    )


def entry(name: str, ratio: float, difference: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "counterpart": "q",
        "energy_ratio_mean": ratio,
        "energy_ratio_low_mean": ratio / 2,
        "energy_ratio_high_mean": ratio * 2,
        "abs_rel_difference_mean": difference,
        **more,
    }


def test_verdict_on_the_front() -> None:
    assert verdict([]).startswith("No spiking network has its counterpart")
    loses = entry("a", 3.0, 0.01)
    cheap_but_bad = entry("b", 0.2, 0.3)
    text = verdict([loses, cheap_but_bad])
    assert text.startswith("No spiking network needs less energy") and "a, 3.0 times" in text
    wins = entry("c", 0.4, 0.05)
    assert verdict([loses, wins]).startswith("c takes 0.40 times the energy of q")
    assert "leave it open" not in verdict([wins])
    assert "leave it open" in verdict([entry("d", 0.9, 0.0)])


def test_front_is_what_nobody_beats() -> None:
    points = [(0.2, 10.0), (0.3, 5.0), (0.3, 6.0), (0.25, 20.0), (0.2, 10.0)]
    entries = [{"abs_rel_mean": e, "energy_uj_mean": uj} for e, uj in points]
    assert on_front(entries) == [True, True, False, False, True]


def test_ratio_is_refused_where_designs_or_quality_leave_it_open() -> None:
    def ratio(median: float) -> EnergyRatio:
        return EnergyRatio(median, median, Interval(0.9 * median, 1.1 * median))

    assert reason_to_refuse([ratio(40), ratio(8)], 0.5) == ""  # it loses, whatever its quality
    assert reason_to_refuse([ratio(0.3), ratio(0.2)], 0.04) == ""
    assert "worse by 9.0%" in reason_to_refuse([ratio(0.3), ratio(0.2)], 0.09)
    assert "how often the machine" in reason_to_refuse([ratio(3), ratio(0.5)], 0.0)
    assert "how often the machine" in reason_to_refuse([ratio(0.5), ratio(1.0)], 0.0)

import pytest

from hardware.energy.constant import Constant
from hardware.energy.energy_comparison import EnergyRatio, energy_ratio, headline
from hardware.energy.uncertainty import Interval

BOUNDARY = "modelled, dynamic"


def constant(value: float, low: float, high: float) -> Constant:
    return Constant(value, low, high, "pJ", "a test", "derived")


def test_common_constants_cancel() -> None:
    constants = {"memory": constant(10, 1, 100)}
    ratio = energy_ratio(lambda v: 3 * v["memory"], lambda v: 6 * v["memory"], constants)
    assert ratio.nominal == ratio.median == 0.5
    assert (ratio.interval.low, ratio.interval.high) == pytest.approx((0.5, 0.5))
    assert ratio.is_decided


def test_interval() -> None:
    """log-uniform from 1 to 4, over 2: from 0.5 to 2 with the ends cut by 5 %."""
    constants = {"a": constant(2, 1, 4)}
    ratio = energy_ratio(lambda v: v["a"], lambda v: 2.0, constants, num_draws=20_000)
    assert ratio.nominal == 1
    assert ratio.median == pytest.approx(1, rel=0.05)
    assert ratio.interval.low == pytest.approx(0.5 * 4**0.05, rel=0.02)
    assert ratio.interval.high == pytest.approx(0.5 * 4**0.95, rel=0.02)
    assert not ratio.is_decided
    with pytest.raises(ValueError, match=r"the twin takes 0.0 pJ"):
        energy_ratio(lambda v: v["a"], lambda v: 0.0, constants)


def test_headlines() -> None:
    wins = headline(EnergyRatio(0.5, 0.42, Interval(0.3, 0.61)), BOUNDARY)
    assert "less energy" in wins
    assert "0.42 times as much (median over the ranges of the constants; 5-95 % " in wins
    assert "interval 0.3 to 0.61; 0.5 at their nominal values; modelled, dynamic)" in wins
    loses = headline(EnergyRatio(5.0, 4.2, Interval(3.0, 6.1)), BOUNDARY)
    assert "more energy" in loses
    assert "4.2 times" in loses
    assert "290 times" in headline(EnergyRatio(300.0, 289.4, Interval(150, 370)), BOUNDARY)


@pytest.mark.parametrize(
    "ratio",
    [
        EnergyRatio(0.8, 0.75, Interval(0.5, 1.1)),
        EnergyRatio(1.2, 1.3, Interval(0.9, 2.0)),
        EnergyRatio(1.2, 0.7, Interval(0.5, 0.9)),  # nominal values are at the ends of their ranges
    ],
)
def test_no_headline_where_1_is_inside(ratio: EnergyRatio) -> None:
    text = headline(ratio, BOUNDARY)
    assert text.startswith("No energy ratio is given")
    assert str(ratio.nominal) not in text
    assert f"{ratio.interval.low:.2g} to {ratio.interval.high:.2g}" in text

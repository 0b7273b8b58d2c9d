import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.energy.constant import Constant, load_constants
from hardware.energy.energy_events import ChipEvents, chip_energy
from hardware.energy.uncertainty import (
    Interval,
    bootstrap_mean,
    bootstrap_ratio,
    draw_constants,
    monte_carlo,
    percentile_interval,
    tornado,
)


def constant(value: float, low: float, high: float) -> Constant:
    return Constant(value, low, high, "pJ", "a test", "derived")


WIDE = {"a": constant(2, 1, 100), "b": constant(3, 3, 3), "c": constant(5, 4, 6)}


def test_draws_are_log_uniform() -> None:
    draws = draw_constants(WIDE, 20_000, seed=1)
    assert draws["a"].shape == (20_000, 1)
    assert draws["a"].min() >= 1
    assert draws["a"].max() <= 100
    assert np.quantile(draws["a"], [0.25, 0.5, 0.75]) == pytest.approx(
        [10**0.5, 10, 10**1.5], rel=0.05
    )
    assert (draws["b"] == 3).all()
    assert abs(np.corrcoef(draws["a"][:, 0], draws["c"][:, 0])[0, 1]) < 0.03


def test_same_name_same_draw() -> None:
    """Figures that share a constant see the same draw of it, whatever else they rest on."""
    one = draw_constants(WIDE, 10, seed=1)
    other = draw_constants({"x": WIDE["c"], "a": WIDE["a"]}, 10, seed=1)
    assert np.array_equal(one["a"], other["a"])
    assert not np.array_equal(one["a"], draw_constants(WIDE, 10, seed=2)["a"])
    assert not np.array_equal(one["c"], other["x"])


def test_monte_carlo() -> None:
    figures = monte_carlo(lambda v: 2 * v["a"] + v["b"], WIDE, num_draws=1000, seed=3)
    draws = draw_constants(WIDE, 1000, seed=3)
    assert np.array_equal(figures, 2 * draws["a"][:, 0] + 3)
    # A ratio of the same constant is no draw at all.
    assert (monte_carlo(lambda v: v["a"] / v["a"], WIDE, num_draws=300) == 1).all()
    assert monte_carlo(lambda v: 7.0, WIDE, num_draws=300).tolist() == [7.0] * 300


def test_samples_are_averaged_by_the_model() -> None:
    events = ChipEvents(np.array([1.0, 3.0]), 0.0, 0.0, 0.0)
    constants = {"synop_pj": constant(2, 1, 4)}
    figures = monte_carlo(lambda v: chip_energy(events, v).total_pj.mean(-1), constants, 600)
    assert figures == pytest.approx(2 * draw_constants(constants, 600, 0)["synop_pj"][:, 0])
    with pytest.raises(ValueError, match=r"shape \(256, 2\) for 256 draws; .*average over samples"):
        monte_carlo(lambda v: chip_energy(events, v).total_pj, constants, 600)


def test_intervals_of_pilotnet() -> None:
    """The reference's lesson: Loihi 1 constants miss the measured 1.094 mJ altogether."""
    events = ChipEvents(0.0, 49_246_886.0, 2_536_144.0, 755_963.0, 755_963.0)
    constants = load_constants("sanafe_loihi").constants
    draws = monte_carlo(lambda v: chip_energy(events, v).total_pj / 1e9, constants, 1000)
    interval = percentile_interval(draws)
    assert 1.50 in interval
    assert 1.094 not in interval


def test_percentiles() -> None:
    figures = np.arange(101.0)
    assert percentile_interval(figures) == Interval(pytest.approx(5), pytest.approx(95))
    assert percentile_interval(figures, 0.5) == Interval(pytest.approx(25), pytest.approx(75))
    with pytest.raises(ValueError, match="level is 1; accepted: between 0 and 1"):
        percentile_interval(figures, 1)


def test_tornado() -> None:
    bars = tornado(lambda v: v["a"] + 30 * v["c"] + v["b"], WIDE)
    assert [(bar.constant, bar.at_low, bar.at_high) for bar in bars] == [
        ("a", 1 + 150 + 3, 100 + 150 + 3),
        ("c", 2 + 120 + 3, 2 + 180 + 3),
        ("b", 155, 155),
    ]
    assert [bar.swing for bar in bars] == [99, 60, 0]
    assert tornado(lambda v: 1.0, {}) == []


def slow_bootstrap(figures: list[float], groups: list[str], num_resamples: int) -> Interval:
    """Draw scenes one by one, pool their frames, take the mean."""
    generator = np.random.default_rng(5)
    names = sorted(set(groups))
    means = []
    for _ in range(num_resamples):
        pool: list[float] = []
        for name in generator.choice(names, len(names)):
            pool += [f for f, g in zip(figures, groups, strict=True) if g == name]
        means.append(np.mean(pool))
    return percentile_interval(np.array(means), 0.95)


def test_bootstrap_over_scenes() -> None:
    generator = np.random.default_rng(0)
    groups = [name for name in "abcdefgh" for _ in range(10)]
    level = dict(zip("abcdefgh", generator.normal(10, 3, 8), strict=True))
    figures = [level[name] + 0.1 * generator.normal() for name in groups]
    found = bootstrap_mean(np.array(figures), np.array(groups), num_resamples=4000)
    slow = slow_bootstrap(figures, groups, 800)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.3)
    assert np.mean(figures) in found
    # Frames of a scene are alike: taken for independent, they would seem to say far more.
    frames = bootstrap_mean(np.array(figures), np.arange(80))
    assert found.high - found.low > 2 * (frames.high - frames.low)


@given(st.floats(0.1, 10))
def test_a_constant_ratio_has_no_spread(ratio: float) -> None:
    ann = np.array([1.0, 5.0, 2.0, 7.0])
    interval = bootstrap_ratio(ratio * ann, ann, np.array([0, 0, 1, 2]), num_resamples=50)
    assert (interval.low, interval.high) == pytest.approx((ratio, ratio))


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="num_draws is 0; accepted: 1 or more"):
        monte_carlo(lambda v: 1.0, WIDE, num_draws=0)
    with pytest.raises(ValueError, match="there are 1 groups; accepted: 2 or more"):
        bootstrap_mean(np.ones(3), np.zeros(3))
    with pytest.raises(ValueError, match=r"shapes \[\(3,\), \(3,\), \(2,\)\]"):
        bootstrap_mean(np.ones(3), np.zeros(2))


def test_constants_of_one_cause_are_high_or_low_together() -> None:
    def tied(low: float, high: float) -> Constant:
        return Constant(high, low, high, "pJ", "a test", "derived", varies_with="node")

    constants = {"a": tied(1, 4), "b": tied(10, 1000), "c": Constant(1, 1, 9, "pJ", "x", "derived")}
    draws = draw_constants(constants, 500, seed=3)
    place_a = np.log(draws["a"]) / np.log(4)
    place_b = np.log(draws["b"] / 10) / np.log(100)
    assert np.allclose(place_a, place_b) and place_a.std() > 0.2
    assert abs(np.corrcoef(place_a[:, 0], np.log(draws["c"][:, 0]))[0, 1]) < 0.15
    bars = tornado(lambda v: v["b"] / v["a"] + v["c"], constants)
    assert {bar.constant: (bar.at_low, bar.at_high) for bar in bars} == {
        "node": (10 / 1 + 1, 1000 / 4 + 1),
        "c": (250 + 1, 250 + 9),
    }

import math

import pytest

from benchmarks.throughput.energy_window import (
    CounterReading,
    EnergyWindow,
    energy_per_inference,
    window_between,
)


def test_window_between_two_readings() -> None:
    window = window_between(CounterReading(5.0, 100.0), CounterReading(15.0, 400.0), 60)
    assert window == EnergyWindow(10.0, 300.0, 60)
    assert window.power_w == 30.0


def test_a_counter_may_start_again_once() -> None:
    before, after = CounterReading(0.0, 90.0), CounterReading(20.0, 30.0)
    assert window_between(before, after, 1, wraps_at_j=100.0).energy_j == 40.0
    with pytest.raises(ValueError, match="went from 90 J to 30 J within 20 s"):
        window_between(before, after, 1)


@pytest.mark.parametrize(
    ("end", "num_inferences", "message"),
    [
        (
            CounterReading(9.9, 5.0),
            1,
            "window lasts 9.9 s; accepted: more than 0 and at least 10 s",
        ),
        (CounterReading(-1.0, 5.0), 1, "window lasts -1 s"),
        (CounterReading(10.0, 5.0), -1, "num_inferences is -1; accepted: 0 or more"),
        (CounterReading(10.0, 0.0), 1, "went from 0 J to 0 J .* accepted: a counter that moves"),
    ],
)
def test_windows_that_say_nothing(end: CounterReading, num_inferences: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        window_between(CounterReading(0.0, 0.0), end, num_inferences)


def test_dynamic_is_total_less_idle() -> None:
    idle = EnergyWindow(20.0, 1000.0, 0)  # 50 W
    active = [
        EnergyWindow(10.0, 1500.0, 100),  # 15 J, of which 5 J idle
        EnergyWindow(10.0, 1200.0, 100),
        EnergyWindow(12.0, 1800.0, 100),  # 18 J, of which 6 J idle
    ]
    found = energy_per_inference(active, idle, counter_step_s=0.1)
    assert (found.total_j, found.dynamic_j) == (15.0, 10.0)
    assert found.total_range_j == (12.0, 18.0)
    assert found.dynamic_range_j == (7.0, 12.0)
    assert (found.idle_w, found.active_w) == (50.0, 150.0)
    assert (found.num_windows, found.num_inferences) == (3, 300)
    assert math.isclose(found.edge_error, 0.02)


def test_negative_dynamic_energy_is_reported() -> None:
    """As in Intel's own PilotNet-SDNN run: 0.2757 W at work, 0.2818 W static."""
    idle = EnergyWindow(10.0, 2.818, 0)
    found = energy_per_inference([EnergyWindow(10.0, 2.757, 169)], idle, counter_step_s=0.0)
    assert found.dynamic_j == pytest.approx(-0.061 / 169)
    assert found.total_j == pytest.approx(2.757 / 169)


@pytest.mark.parametrize("active", [[], [EnergyWindow(10.0, 1.0, 0)]])
def test_energy_needs_inferences(active: list[EnergyWindow]) -> None:
    with pytest.raises(ValueError, match="inferences per window are"):
        energy_per_inference(active, EnergyWindow(10.0, 1.0, 0), counter_step_s=0.1)

import math

import pytest

from benchmarks.throughput.inference_latency import check_windows, latency_of_windows, time_calls


def test_summary_of_calls() -> None:
    found = latency_of_windows([[0.001, 0.003], [0.010], [0.004, 0.004]])
    assert found.windows_ms == pytest.approx((2.0, 10.0, 4.0))
    assert found.median_ms == pytest.approx(4.0)  # of the windows, so one slow window counts once
    assert found.mean_ms == pytest.approx(4.4)
    assert found.p50_ms == pytest.approx(4.0)
    assert found.p90_ms == pytest.approx(4.0 + 0.6 * 6.0)  # between the fourth and fifth of five
    assert found.p99_ms == pytest.approx(4.0 + 0.96 * 6.0)
    squares = sum((ms - 4.4) ** 2 for ms in (1, 3, 10, 4, 4))
    assert found.standard_error_ms == pytest.approx(math.sqrt(squares / 4 / 5))
    assert found.num_calls == 5


def test_a_single_call_has_no_spread() -> None:
    found = latency_of_windows([[0.002]])
    assert found.standard_error_ms is None and found.p99_ms == pytest.approx(2.0)


@pytest.mark.parametrize("windows", [[], [[0.1], []]])
def test_windows_without_calls(windows: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="calls per window are"):
        latency_of_windows(windows)


def test_calls_start_until_the_time_is_over() -> None:
    now_s = 0.0

    def work() -> None:
        nonlocal now_s
        now_s += 0.4

    calls_s = time_calls(work, at_least_s=1.0, clock=lambda: now_s)
    assert calls_s == pytest.approx([0.4, 0.4, 0.4])
    assert len(time_calls(work, at_least_s=0.0, clock=lambda: now_s)) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 1.0, 1.0), "num_windows is 0; accepted: 1 or more"),
        ((1, -1.0, 1.0), "window_s is -1.0; accepted"),
        ((1, 1.0, math.inf), "warm_up_s is inf; accepted"),
    ],
)
def test_settings(settings: tuple[int, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_windows(*settings)

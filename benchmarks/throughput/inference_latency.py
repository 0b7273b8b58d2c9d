"""Latency of one inference at a time, measured in windows (MLPerf Tiny, single stream)."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Latency:
    """How long one call takes.

    Attributes:
        median_ms: Median over the windows of their mean time per call: MLPerf Tiny's figure.
        mean_ms: Over all calls: NeuroBench's figure.
        standard_error_ms: Of that mean; None for a single call.
        p50_ms: Median over all calls; p90 and p99 are what 9 of 10, 99 of 100 stay below.
    """

    median_ms: float
    windows_ms: tuple[float, ...]
    mean_ms: float
    standard_error_ms: float | None
    p50_ms: float
    p90_ms: float
    p99_ms: float
    num_calls: int


def latency_of_windows(windows_s: Sequence[Sequence[float]]) -> Latency:
    """Summarise the seconds that each call took, window by window."""
    if not windows_s or not all(windows_s):
        raise ValueError(
            f"calls per window are {[len(w) for w in windows_s]}; accepted: one window or more, "
            "each with 1 or more"
        )
    calls_ms = 1e3 * np.concatenate([np.asarray(window) for window in windows_s])
    windows_ms = tuple(1e3 * statistics.fmean(window) for window in windows_s)
    p50_ms, p90_ms, p99_ms = (float(p) for p in np.percentile(calls_ms, (50, 90, 99)))
    one = len(calls_ms) == 1
    return Latency(
        median_ms=statistics.median(windows_ms),
        windows_ms=windows_ms,
        mean_ms=float(calls_ms.mean()),
        standard_error_ms=None if one else float(calls_ms.std(ddof=1) / math.sqrt(len(calls_ms))),
        p50_ms=p50_ms,
        p90_ms=p90_ms,
        p99_ms=p99_ms,
        num_calls=len(calls_ms),
    )


def time_calls(
    work: Callable[[], object], *, at_least_s: float, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Call again and again, and note the seconds that each call takes.

    Args:
        work: What to call; it returns when the work is done.
        at_least_s: Calls start until so much time has passed; there is always one.
    """
    calls_s = []
    start_s = before_s = clock()
    while True:
        work()
        after_s = clock()
        calls_s.append(after_s - before_s)
        before_s = after_s
        if after_s - start_s >= at_least_s:
            return calls_s


def check_windows(num_windows: int, window_s: float, warm_up_s: float) -> None:
    """Refuse settings with which nothing can be measured."""
    if num_windows < 1:
        raise ValueError(f"num_windows is {num_windows}; accepted: 1 or more")
    for name, seconds in (("window_s", window_s), ("warm_up_s", warm_up_s)):
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{name} is {seconds}; accepted: 0 or more seconds")

"""Energy per inference from a counter that is read before and after a stretch of work.

Pure arithmetic, shared by what reads the counters of a processor and of a GPU. Dynamic energy is
active minus idle; where both are close, noise makes it negative, and it is reported as it is.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# MLPerf Tiny's rules: every window lasts at least so long.
MIN_WINDOW_S = 10.0


@dataclass(frozen=True)
class CounterReading:
    """What an energy counter showed.

    Attributes:
        time_s: When it was read, by a clock that never jumps.
        energy_j: Energy since some moment in the past.
    """

    time_s: float
    energy_j: float


@dataclass(frozen=True)
class EnergyWindow:
    """A stretch of time and what was done in it.

    Attributes:
        num_inferences: Samples, not batches, that were inferred; 0 for an idle window.
    """

    duration_s: float
    energy_j: float
    num_inferences: int

    @property
    def power_w(self) -> float:
        """Mean power."""
        return self.energy_j / self.duration_s


@dataclass(frozen=True)
class InferenceEnergy:
    """Energy per inference, the median over windows.

    Attributes:
        dynamic_j: The part above idle; negative where it drowns in noise.
        total_range_j: Least and largest of the windows; so is `dynamic_range_j`.
        idle_w: Power of the device when ready and without work.
        active_w: Median power at work.
        edge_error: Bound of the relative error of each window's energy, for the counter moves in
            steps of time.
    """

    total_j: float
    dynamic_j: float
    total_range_j: tuple[float, float]
    dynamic_range_j: tuple[float, float]
    idle_w: float
    active_w: float
    num_windows: int
    num_inferences: int
    edge_error: float


def window_between(
    start: CounterReading,
    end: CounterReading,
    num_inferences: int,
    *,
    min_duration_s: float = MIN_WINDOW_S,
    wraps_at_j: float = math.inf,
) -> EnergyWindow:
    """The window between two readings.

    Args:
        num_inferences: Samples inferred in between; 0 for an idle window.
        min_duration_s: What the window must last at least.
        wraps_at_j: Where the counter starts from 0 again; it may do so once.

    Raises:
        ValueError: For a window that says nothing: too short, a negative number of inferences, or a
            counter that went backwards or did not move.
    """
    duration_s = end.time_s - start.time_s
    if duration_s <= 0 or duration_s < min_duration_s:
        raise ValueError(
            f"the window lasts {duration_s:g} s; accepted: more than 0 and at least "
            f"{min_duration_s:g} s, for the counter moves in steps"
        )
    if num_inferences < 0:
        raise ValueError(f"num_inferences is {num_inferences}; accepted: 0 or more")
    energy_j = end.energy_j - start.energy_j
    if energy_j < 0 and math.isfinite(wraps_at_j):
        energy_j += wraps_at_j
    if energy_j <= 0:
        raise ValueError(
            f"the energy counter went from {start.energy_j:g} J to {end.energy_j:g} J within "
            f"{duration_s:g} s; accepted: a counter that moves forward"
        )
    return EnergyWindow(duration_s, energy_j, num_inferences)


def energy_per_inference(
    active: Sequence[EnergyWindow], idle: EnergyWindow, *, counter_step_s: float
) -> InferenceEnergy:
    """Total and dynamic energy per inference: medians and ranges over the windows.

    Args:
        idle: A window in which the device was ready and had nothing to do.
    """
    if not active or not all(window.num_inferences for window in active):
        numbers = [window.num_inferences for window in active]
        raise ValueError(
            f"inferences per window are {numbers}; accepted: one window or more, each with 1 or "
            "more"
        )
    total_j = [w.energy_j / w.num_inferences for w in active]
    dynamic_j = [(w.energy_j - idle.power_w * w.duration_s) / w.num_inferences for w in active]
    return InferenceEnergy(
        total_j=statistics.median(total_j),
        dynamic_j=statistics.median(dynamic_j),
        total_range_j=(min(total_j), max(total_j)),
        dynamic_range_j=(min(dynamic_j), max(dynamic_j)),
        idle_w=idle.power_w,
        active_w=statistics.median(w.power_w for w in active),
        num_windows=len(active),
        num_inferences=sum(w.num_inferences for w in active),
        # Either end may be off by a step.
        edge_error=max(2 * counter_step_s / w.duration_s for w in [*active, idle]),
    )

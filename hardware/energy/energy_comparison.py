"""One sentence for the two networks, or the refusal of one.

A ratio is given with its interval, and only where the interval says which network needs less.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hardware.energy.constant import Constant, nominal_values
from hardware.energy.uncertainty import Interval, Model, monte_carlo, percentile_interval


@dataclass(frozen=True)
class EnergyRatio:
    """Energy of the spiking network over that of its twin.

    Attributes:
        interval: From the 5th to the 95th percentile. The nominal ratio can lie outside
            where nominal values are ends of their ranges.
    """

    nominal: float
    median: float
    interval: Interval

    @property
    def is_decided(self) -> bool:
        """Whether the nominal ratio and the whole interval lie on the same side of 1."""
        ends = (self.nominal, self.interval.low, self.interval.high)
        return max(ends) < 1 or min(ends) > 1


def energy_ratio(
    snn: Model, ann: Model, constants: Mapping[str, Constant], num_draws: int = 2000, seed: int = 0
) -> EnergyRatio:
    """Ratio of two modelled energies, averaged over the same samples, at the same constants."""
    nominal = nominal_values(constants)
    ann_nominal = float(np.squeeze(ann(nominal)))
    if not ann_nominal > 0:
        raise ValueError(f"the twin takes {ann_nominal} pJ; accepted: more than 0")
    ratios = monte_carlo(lambda values: snn(values) / ann(values), constants, num_draws, seed)
    return EnergyRatio(
        float(np.squeeze(snn(nominal))) / ann_nominal,
        float(np.median(ratios)),
        percentile_interval(ratios),
    )


def headline(ratio: EnergyRatio, boundary: str) -> str:
    """The sentence that may be quoted: the ratio with its interval, or none where that includes 1.

    Args:
        boundary: What was modelled, such as "modelled, 45 nm digital, memory included, dynamic".
    """
    low, high = _short(ratio.interval.low), _short(ratio.interval.high)
    if not ratio.is_decided:
        return (
            "No energy ratio is given: the constants leave open which network needs less "
            f"(5-95 % interval of SNN / ANN: {low} to {high}; {boundary})."
        )
    more_or_less = "less" if ratio.nominal < 1 else "more"
    return (
        f"The spiking network takes {more_or_less} energy than its conventional twin: "
        f"{_short(ratio.median)} times as much (median over the ranges of the constants; 5-95 % "
        f"interval {low} to {high}; {_short(ratio.nominal)} at their nominal values; {boundary})."
    )


def _short(number: float) -> str:
    """Two significant digits, which is more than is known."""
    return f"{float(f'{number:.2g}'):g}"

"""How numbers are written in a report."""

import math

from hardware.energy.uncertainty import Interval


def short(number: float, digits: int = 3) -> str:
    """Significant digits, with thousands in groups and no exponent."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    return f"{number:,.{decimals}f}"


def millions(number: float) -> str:
    """In millions, for counts of operations."""
    return f"{short(number / 1e6)} M" if number else "0"


def interval(found: Interval, digits: int = 2) -> str:
    """Both ends."""
    return f"{short(found.low, digits)} to {short(found.high, digits)}"


def percent(share: float, decimals: int = 1) -> str:
    """A share as percentage."""
    return f"{100 * share:.{decimals}f} %"

"""The Pareto front of error and energy."""

from collections.abc import Mapping, Sequence
from typing import Any


def on_front(entries: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Which networks of a summary no other one beats in error and energy at once."""
    points = [(e["abs_rel_mean"], e["energy_uj_mean"]) for e in entries]
    return [
        not any(
            error <= ours[0] and energy <= ours[1] and (error, energy) != ours
            for error, energy in points
        )
        for ours in points
    ]

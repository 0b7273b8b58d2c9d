"""How active populations are, and whether that is healthy."""

from collections.abc import Mapping

import torch
from torch import Tensor

DEAD_BELOW = 0.001
SATURATED_ABOVE = 0.6


def firing_rate(spikes: Tensor) -> Tensor:
    """Mean spikes per neuron and time step of a population.

    Differentiable, so that it may be part of a loss. Never bfloat16, which has too few digits.

    Args:
        spikes: 0 or 1, any shape.

    Returns:
        The rate, 0..1, a 0-dim tensor: float32, or float64 for float64 spikes.
    """
    return spikes.mean(dtype=torch.promote_types(spikes.dtype, torch.float32))


def activity_warnings(rates: Mapping[str, float]) -> list[str]:
    """Name the populations that are dead or saturated.

    A dead population passes on no information and hardly any gradient; a saturated one costs
    energy at nearly every step and no longer tells inputs apart.

    Args:
        rates: Mean spikes per neuron and time step, 0..1, by population name.

    Returns:
        One message per unhealthy population, which starts with its name and a colon.
    """
    messages = []
    for name, rate in rates.items():
        if rate < DEAD_BELOW:
            fault, limit = "dead", f"below {DEAD_BELOW:.1%}"
        elif rate > SATURATED_ABOVE:
            fault, limit = "saturated", f"above {SATURATED_ABOVE:.0%}"
        else:
            continue
        messages.append(f"{name}: population is {fault}, firing rate {rate:.2%} ({limit})")
    return messages

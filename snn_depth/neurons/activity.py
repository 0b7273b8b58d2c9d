"""How active populations are, and whether that is healthy."""

from collections.abc import Mapping

import torch
from torch import Tensor

DEAD_BELOW = 0.001
SATURATED_ABOVE = 0.6


def firing_rate(spikes: Tensor) -> Tensor:
    """Mean spikes (0 or 1) per neuron and time step of a population, 0..1, a 0-dim tensor.

    Differentiable, so that it may be part of a loss. Never bfloat16, which has too few digits, but
    float32, or float64 for float64 spikes.
    """
    return spikes.mean(dtype=torch.promote_types(spikes.dtype, torch.float32))


def activity_warnings(rates: Mapping[str, float]) -> list[str]:
    """One message for each population that is dead or saturated, beginning with its name.

    A dead population passes on no information and hardly any gradient; a saturated one costs
    energy at nearly every step and no longer tells inputs apart.
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

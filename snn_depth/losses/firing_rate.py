"""Keep the populations of a spiking network neither silent nor saturated."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F


def firing_rate_penalty(
    firing_rates: Iterable[Tensor], *, min_rate: float = 0.02, max_rate: float = 0.20
) -> Tensor:
    """Squared hinge on mean firing rates outside a target range, averaged over populations.

        L = mean_p [ max(0, min_rate - r_p)^2 + max(0, r_p - max_rate)^2 ]

    Inside the range the gradient is 0, so the range is free for the task to use. Compare the
    upper activity loss of Zenke and Vogels 2021 (doi 10.1162/neco_a_01367). The rates are mean
    spikes per neuron and step of each population, 0-dim tensors.

    Raises:
        ValueError: The range is empty or reversed, or there is no population.
    """
    if not 0 <= min_rate < max_rate:
        raise ValueError(f"need 0 <= min_rate < max_rate, got {min_rate} and {max_rate}")
    rates = list(firing_rates)
    if not rates:
        raise ValueError("no firing rates given: has the network spiking populations?")
    rate = torch.stack(rates)
    return (F.relu(min_rate - rate).square() + F.relu(rate - max_rate).square()).mean()

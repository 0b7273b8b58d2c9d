"""Make a spiking network cheap: every spike costs as much as it has synapses to drive."""

from collections.abc import Mapping

from torch import Tensor


def synops_per_synapse(
    firing_rates: Mapping[str, Tensor], num_synapses: Mapping[str, int]
) -> Tensor:
    """Synaptic operations per synapse and time step: mean firing rate weighted by synapses.

        L = sum_p r_p S_p / sum_p S_p

    What the spikes of a population cost on a chip is mostly the synaptic operations that they
    cause, its rate times all synapses that leave it. The result lies between 0 (silence) and 1
    (everything fires at every step).

    Source: Suetake et al. 2023 (arXiv 2302.01500), the penalty with p = 1, normalised by the
    number of synapses so that its weight does not depend on the network's size.

    Args:
        firing_rates: Mean spikes per neuron and step of each population, 0-dim tensors.
        num_synapses: Synapses that leave each population; others may be among them.

    Raises:
        ValueError: There is no population, or one has no synapses.
    """
    if not firing_rates:
        raise ValueError("no firing rates given: has the network spiking populations?")
    for name in firing_rates:
        if num_synapses.get(name, 0) <= 0:
            raise ValueError(
                f"num_synapses of {name!r} is {num_synapses.get(name)}; accepted: positive numbers"
            )
    total = sum(num_synapses[name] for name in firing_rates)
    shares = [rate * (num_synapses[name] / total) for name, rate in firing_rates.items()]
    return sum(shares[1:], start=shares[0])

"""Networks that training must not change."""

from functools import partial
from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def freeze(network: Network) -> Network:
    """Freeze a network in place: parameters, buffers and normalisation statistics stay.

    Its parameters take no gradients, but gradients pass through it. It is in evaluation mode and
    stays there: a training engine calls `train()` on whatever holds it, which would otherwise put
    its batch normalisations back into training mode. Copies of it are frozen too.
    """
    network.requires_grad_(False).eval()
    network.train = partial(_stay, network)  # type: ignore[method-assign]
    return network


def _stay(network: Network, mode: bool = True) -> Network:
    """In place of `nn.Module.train`: stays in evaluation mode, whatever is asked."""
    return network

"""Whose statistics the batch normalisations of a network use and keep."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """All batch normalisations of a network."""
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def with_kept_statistics(network: nn.Module) -> Iterator[None]:
    """Normalise with the running statistics, as at prediction, and keep them as they are.

    Used where the target is too narrow to have statistics of its own: those of a single scene
    would take away what tells it from other scenes.

    Args:
        network: Network in training mode.
    """
    training = [norm for norm in batch_norms(network) if norm.training]
    for norm in training:
        norm.eval()
    try:
        yield
    finally:
        for norm in training:
            norm.train()

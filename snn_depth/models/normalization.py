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

    Used in training where the target is too narrow to have statistics of its own: those of a single
    scene would take away what tells it from other scenes.
    """
    training = [norm for norm in batch_norms(network) if norm.training]
    for norm in training:
        norm.eval()
    try:
        yield
    finally:
        for norm in training:
            norm.train()


@contextmanager
def with_batch_statistics(network: nn.Module) -> Iterator[None]:
    """Normalise with the batch's own statistics, and keep the running ones as they are.

    Used to predict for a domain whose statistics the network does not have: what differs between
    domains in brightness and contrast is gone after every normalisation.
    """
    before = [(norm, norm.training, norm.track_running_stats) for norm in batch_norms(network)]
    for norm, _, _ in before:
        norm.train()
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm, training, tracking in before:
            norm.train(training)
            norm.track_running_stats = tracking

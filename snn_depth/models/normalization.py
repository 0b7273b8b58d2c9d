"""The batch normalisations of a network."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """All batch normalisations of a network."""
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]

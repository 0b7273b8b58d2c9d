"""Tells the domain of deep features, for the adversarial alignment of domains."""

from torch import nn


def domain_discriminator(num_channels: int, num_hidden: int = 64) -> nn.Sequential:
    """Global average pooling and a two-layer perceptron.

    There is no batch normalisation in it: the statistics of a batch of one domain would give the
    domain away.

    Args:
        num_channels: Channels of the features.
        num_hidden: Width of the hidden layer.

    Returns:
        Module from (B, num_channels, h, w) to the logit of "target", (B, 1).
    """
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(num_channels, num_hidden),
        nn.ReLU(),
        nn.Linear(num_hidden, 1),
    )

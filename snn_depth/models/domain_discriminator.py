"""Tells the domain of deep features, for the adversarial alignment of domains."""

from torch import nn


def domain_discriminator(num_channels: int, num_hidden: int = 64) -> nn.Sequential:
    """Global average pooling and a two-layer perceptron: (B, num_channels, h, w) to a logit (B, 1).

    The logit is that of "target". There is no batch normalisation in it: the statistics of a batch
    of one domain would give the domain away.
    """
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(num_channels, num_hidden),
        nn.ReLU(),
        nn.Linear(num_hidden, 1),
    )

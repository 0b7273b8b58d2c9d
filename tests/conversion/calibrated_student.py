"""A student whose neurons fire at sensible rates, without training it."""

import torch
from torch import Tensor

from snn_depth.models.depth_network import SpikingDepthNet


def counts(num_steps: int = 8, batch: int = 2, height: int = 64, width: int = 128) -> Tensor:
    """Graded input: spikes per pixel in bins of 16 frames, smooth over the picture."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.rand((batch, 1, height // 8 + 1, width // 8 + 1), generator=generator)
    brightness = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    rates = brightness.expand(num_steps, batch, 1, height, width)
    return torch.binomial(torch.full_like(rates, 16.0), rates.contiguous(), generator=generator)


def calibrated_student(**arguments: object) -> SpikingDepthNet:
    """Random weights, running statistics of a few batches: what trained networks look like."""
    torch.manual_seed(0)
    network = SpikingDepthNet(**arguments)  # type: ignore[arg-type]
    for name, parameter in network.named_parameters():
        if name.endswith("1.weight"):  # batch normalisation
            torch.nn.init.uniform_(parameter, 0.6, 1.6)
        if name.endswith("1.bias"):
            torch.nn.init.normal_(parameter, 0.1, 0.3)
    network.train()
    with torch.no_grad():
        for seed in range(20):
            torch.manual_seed(seed)
            brightness = torch.rand(1, 4, 1, 64, 64).expand(4, 4, 1, 64, 64)
            network(torch.binomial(torch.full_like(brightness, 16.0), brightness.contiguous()))
    return network.eval()

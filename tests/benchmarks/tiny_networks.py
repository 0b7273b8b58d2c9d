"""Networks small enough to count by hand, and one per kind with something going on in it."""

from functools import cache

import torch
from torch import Tensor, nn

from snn_depth.data.sample import Batch, View
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.models.quantized_twin import QuantizedAnnDepthNet
from tests.conversion.calibrated_student import calibrated_student, counts


def spike_batch(num_samples: int = 3, height: int = 16, width: int = 32) -> Batch:
    """Graded spikes in three bins, and pictures beside them."""
    generator = torch.Generator().manual_seed(1)
    rgb = torch.rand((num_samples, 3, height, width), generator=generator)
    return Batch({"spikes": View(counts(3, num_samples, height, width)), "rgb": View(rgb)})


def twin(input_key: str = "spikes", channel_multipliers: tuple[int, ...] = (1, 1)) -> AnnDepthNet:
    """Random weights, and normalisations that do something."""
    torch.manual_seed(2)
    network = AnnDepthNet(input_key, channel_multipliers=channel_multipliers).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, 0.0, 0.3)
            assert isinstance(module.running_mean, Tensor) and module.running_var is not None
            nn.init.normal_(module.running_mean, 0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network


@cache
def student() -> SpikingDepthNet:
    """One for all tests: nothing here changes it."""
    return calibrated_student(channel_multipliers=(1, 1))


@cache
def quantized_twin() -> QuantizedAnnDepthNet:
    """Few bits, so that many weights and activations are zero."""
    torch.manual_seed(4)
    network = QuantizedAnnDepthNet(3, 4, channel_multipliers=(1, 1))
    with torch.no_grad():
        network(spike_batch()["spikes"].image)  # fits its steps
    return network.eval()


def all_kinds() -> list[DepthNetwork]:
    """A student, its twin, a teacher, the twin in few bits."""
    return [student(), twin(), twin("rgb"), quantized_twin()]


def plus_ones(network: DepthNetwork) -> DepthNetwork:
    """All weights and gains 1, no shifts: a stem neuron is active where any input reaches it."""
    for name, parameter in network.named_parameters():
        nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    return network

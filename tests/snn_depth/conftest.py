"""Networks in small, made on the spot."""

from pathlib import Path

import pytest
import torch

from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.training.checkpoint import save_network

TRAINED_FOR = DataSpec(height=32, width=48, num_frames=16, num_bins=4, focal_length_px=40.0)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained spiking network that reads 16 frames in 4 bins."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("networks") / "student.safetensors"
    network = SpikingDepthNet(channel_multipliers=(1, 1))
    for name, parameter in network.named_parameters():
        if name.endswith("1.weight"):  # batch normalisation; with a gain of 1 nothing fires
            torch.nn.init.constant_(parameter, 4.0)
    save_network(path, network, TRAINED_FOR, {"seed": 7})
    return path


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network that reads RGB."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("networks") / "teacher.safetensors"
    save_network(path, AnnDepthNet("rgb", channel_multipliers=(1, 1)), TRAINED_FOR)
    return path

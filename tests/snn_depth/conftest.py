"""A recording and a network in small, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from snn_depth.checkpoint import save_network
from snn_depth.data.recording_writer import RecordingWriter
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet

TRAINED_FOR = DataSpec(height=32, width=48, num_frames=16, num_bins=4, focal_length_px=40.0)


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Path]:
    """Writes a recording with key frames every 20 frames; depth grows towards the top."""

    def make(
        path: Path,
        *,
        height: int = 32,
        width: int = 48,
        num_key_frames: int = 3,
        focal_length_px: float | None = 40.0,
        sample_rate_hz: float = 20_000.0,
        with_rgb: bool = True,
        with_depth: bool = True,
    ) -> Path:
        rng = np.random.default_rng(0)
        intrinsics = None
        if focal_length_px is not None:
            intrinsics = np.array([[focal_length_px, 0, 24], [0, focal_length_px, 16], [0, 0, 1]])
        depth_m = np.repeat(np.geomspace(60, 2, height)[:, None], width, axis=1)
        with RecordingWriter(path, height, width, sample_rate_hz, intrinsics=intrinsics) as writer:
            writer.append_spikes(rng.random((20 * num_key_frames, height, width)) < 0.3)
            for k in range(num_key_frames):
                writer.append_key_frame(
                    spike_index=20 * k + 10,
                    timestamp_s=k * 1e-3,
                    rgb=rng.integers(0, 256, (height, width, 3), np.uint8) if with_rgb else None,
                    depth_m=depth_m.astype(np.float32) * (1 + k) if with_depth else None,
                )
        return path

    return make


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

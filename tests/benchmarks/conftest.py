"""A small student on its chip, its twins, a teacher, and recordings to run them on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from benchmarks.study.comparison import Comparison, compare_networks
from conversion.to_lava import to_lava
from snn_depth.command.parser import call_command
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.quantized_twin import QuantizedAnnDepthNet
from snn_depth.training.checkpoint import save_network
from tests.conversion.calibrated_student import calibrated_student

# 3 activation bits say as much as 4 steps.
SPEC = DataSpec(height=32, width=48, num_frames=16, num_bins=4)


@dataclass(frozen=True)
class Files:
    """Where everything is.

    Attributes:
        artifact: Converted student.
        student: Its checkpoint.
        twin: Float twin.
        quantized: Twin of 3 bits.
        teacher: RGB network.
        recordings: Folder of two.
    """

    artifact: Path
    student: Path
    twin: Path
    quantized: Path
    teacher: Path
    recordings: Path

    @property
    def networks(self) -> list[Path]:
        """All conventional ones."""
        return [self.twin, self.quantized, self.teacher]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, make_recording: Callable[..., Path]) -> Files:
    folder = tmp_path_factory.mktemp("report")
    (folder / "recordings").mkdir()
    for name in ("a", "b"):
        make_recording(folder / "recordings" / f"{name}.h5", num_key_frames=2)
    torch.manual_seed(0)
    quantized = QuantizedAnnDepthNet(activation_bits=3)
    quantized(torch.randint(0, 5, (4, 4, 1, 32, 48)).float())  # the first batch sets its steps
    networks = {
        "student": calibrated_student(),
        "twin": AnnDepthNet().eval(),
        "quantized": quantized.eval(),
        "teacher": AnnDepthNet(input_key="rgb").eval(),
    }
    for name, network in networks.items():
        save_network(folder / f"{name}.safetensors", network, SPEC, {"stage": name, "seed": 0})
    words = {
        "checkpoint": folder / "student.safetensors",
        "output": folder / "student.h5",
        "target": "integer",
        "samples": folder / "recordings",
        "num-samples": 2,
    }
    call_command(
        to_lava, [word for name, value in words.items() for word in (f"--{name}", str(value))]
    )
    paths = [folder / f"{name}.safetensors" for name in networks]
    return Files(folder / "student.h5", *paths, folder / "recordings")


@pytest.fixture(scope="session")
def comparison(files: Files) -> Comparison:
    return compare_networks(
        files.artifact,
        files.networks,
        [files.recordings],
        chip="loihi2",
        max_samples=160,
        cache_dir=files.recordings,
    )

"""A whole recipe in a few seconds; also a program, so that torchrun can start it."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.sample import Sample, View
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.objectives import CrossModalityDistillation, SupervisedDepth
from snn_depth.training.checkpoint import load_network
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe


class TinyData(Dataset[Sample]):
    """Brighter is nearer: learnable from spikes and from RGB."""

    spec = DataSpec(height=32, width=32, num_frames=16, num_bins=2)

    def __init__(self, num_samples: int) -> None:
        self.num_samples = num_samples

    def __len__(self) -> int:
        return self.num_samples

    def __getitem__(self, index: int) -> Sample:
        if index >= len(self):
            raise IndexError(index)
        generator = torch.Generator().manual_seed(index)
        light = torch.rand(1, 4, 4, generator=generator).repeat_interleave(8, 1)
        light = light.repeat_interleave(8, 2)
        spikes = torch.binomial(
            torch.full((2, 1, 32, 32), 8.0), light.expand(2, 1, 32, 32), generator
        )
        rgb, depth_m = (255 * light).to(torch.uint8).expand(3, 32, 32), 20 - 18 * light
        return Sample(
            {
                "spikes": View(spikes.to(torch.uint8), depth_m=depth_m),
                "rgb": View(rgb, depth_m=depth_m),
            }
        )


def by_name(*stages: Stage) -> dict[str, Stage]:
    """Stages as a recipe has them."""
    return {stage.name: stage for stage in stages}


def tiny_recipe(
    output_dir: Path | str, *, num_epochs: int = 2, engine: EngineSettings | None = None
) -> Recipe:
    """Teacher, source-only and CFKD student on eight samples."""
    return Recipe(
        data={
            "train": lambda: TinyData(8),
            "val": lambda: TinyData(2),
            "test": lambda: TinyData(3),
        },
        stages=by_name(
            Stage(
                "rgb_teacher",
                lambda: AnnDepthNet("rgb", channel_multipliers=(1, 2)),
                SupervisedDepth,
                num_epochs=num_epochs,
                batch_size=2,
            ),
            *(
                Stage(
                    name,
                    lambda: SpikingDepthNet(channel_multipliers=(1, 2)),
                    partial(
                        CrossModalityDistillation,
                        "rgb_teacher",
                        weight=weight,
                        coarse_tap="enc1b",
                        fine_tap="dec0",
                        embedding_dim=8,
                    ),
                    num_epochs=num_epochs,
                    batch_size=2,
                )
                for name, weight in (("source_only", 0.0), ("cfkd", 0.1))
            ),
        ),
        output_dir=str(output_dir),
        store=f"{output_dir}/stages",
        engine=engine or EngineSettings(accelerator="cpu", precision="32-true"),
    )


def weights(folder: Path, stage: str) -> dict[str, Tensor]:
    """What a stage of a run has stored."""
    return load_network(folder / "seed_0" / stage / "network.safetensors").network.state_dict()


def assert_equal_weights(a: Path, b: Path, stages: Sequence[str]) -> None:
    """The same stages of two runs, bit for bit."""
    for stage in stages:
        ours, theirs = weights(a, stage), weights(b, stage)
        for key, value in ours.items():
            assert torch.equal(value, theirs[key]), (stage, key)


if __name__ == "__main__":
    num_ranks = int(os.environ.get("WORLD_SIZE", 1))
    settings = EngineSettings(accelerator="cpu", precision="32-true", devices=num_ranks)
    run_recipe(tiny_recipe(sys.argv[1], engine=settings), "tiny", resume=True)

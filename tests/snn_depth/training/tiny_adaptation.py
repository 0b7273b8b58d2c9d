"""Source-only, AdaBN and SCTS in a few seconds; also a program, so that torchrun can start it."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch

from snn_depth.data.sample import Sample
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives import (
    AdaptiveNormalization,
    SelfCorrectingTeacherStudent,
    SupervisedDepth,
)
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe

sys.path.insert(0, str(Path(__file__).parent))
from tiny_run import TinyData, by_name

TAP = "enc1b"


class DarkData(TinyData):
    """The same scenes at half the light."""

    def __getitem__(self, index: int) -> Sample:
        sample = super().__getitem__(index)
        counts = sample["spikes"].image.float()
        generator = torch.Generator().manual_seed(index)
        kept = torch.binomial(counts, torch.full_like(counts, 0.5), generator)
        return sample.replace("spikes", image=kept.to(torch.uint8))


def student() -> SpikingDepthNet:
    return SpikingDepthNet(channel_multipliers=(1, 2))


def tiny_adaptation(
    output_dir: Path | str, *, engine: EngineSettings | None = None, **full: object
) -> Recipe:
    """Three stages on eight source and six target samples.

    Args:
        output_dir: Folder for everything the run writes.
        engine: Where to compute.
        **full: Other settings of the stage `full`.
    """
    return Recipe(
        data={
            "train": lambda: TinyData(8),
            "val": lambda: TinyData(2),
            "target": lambda: DarkData(6),
            "test": lambda: DarkData(3),
        },
        stages=by_name(
            Stage("source_only", student, SupervisedDepth, num_epochs=1, batch_size=2),
            Stage(
                "ada_bn",
                student,
                AdaptiveNormalization,
                init_from="source_only",
                target_data="target",
                num_epochs=1,
                batch_size=2,
            ),
            Stage(
                **{  # type: ignore[arg-type]
                    "name": "full",
                    "network": student,
                    "objective": partial(
                        SelfCorrectingTeacherStudent,
                        adversarial_tap=TAP,
                        ramp_steps=3,
                        style_probability=0.5,
                    ),
                    "init_from": "source_only",
                    "target_data": "target",
                    "num_epochs": 3,
                    "batch_size": 2,
                }
                | full
            ),
        ),
        output_dir=str(output_dir),
        store=f"{output_dir}/stages",
        engine=engine or EngineSettings(accelerator="cpu", precision="32-true"),
    )


class Recorded(SelfCorrectingTeacherStudent):
    """Writes a line per update: the seed that the target's style was drawn with, and what the
    teacher's weights add up to, to the last bit.
    """

    def __init__(self, file: Path, **options: Any) -> None:
        super().__init__(**options)
        self.file = file
        self.style_seed = 0

    def style_generator(self, device: torch.device) -> torch.Generator:
        generator = super().style_generator(device)
        self.style_seed = generator.initial_seed()
        return generator

    def after_optimizer_step(self, network: DepthPredictor) -> None:
        super().after_optimizer_step(network)
        weights = [p.double().sum() for p in self.teacher.network.parameters()]
        with self.file.open("a") as file:
            print(self.style_seed, float(torch.stack(weights).sum()).hex(), file=file)


if __name__ == "__main__":
    folder, *switched_off = sys.argv[1:]
    num_ranks = int(os.environ.get("WORLD_SIZE", 1))
    settings = EngineSettings(accelerator="cpu", precision="32-true", devices=num_ranks)
    objective = partial(
        Recorded,
        Path(folder) / f"teacher_{os.environ.get('RANK', 0)}.txt",
        adversarial_tap=TAP,
        ramp_steps=3,
        **dict.fromkeys(switched_off, 0.0),
    )
    run_recipe(tiny_adaptation(folder, engine=settings, objective=objective), "tiny", resume=True)

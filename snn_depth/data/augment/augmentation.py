"""Augmentation of training samples, reproducible sample by sample."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.sample import Sample, checked


@dataclass(frozen=True)
class Augmentation:
    """Random changes that keep depth metric.

    Attributes:
        flip_probability: Probability of a left-right mirror of everything.
        min_light: Lower end of the uniform factor on the light: spikes are dropped at random
            (averages of counts are scaled) and colour pictures are darkened alike; 1 leaves both.
        color_jitter: Largest relative change of each colour channel's brightness.
    """

    flip_probability: float = 0.5
    min_light: float = 1.0
    color_jitter: float = 0.0

    def __call__(self, sample: Sample, generator: torch.Generator) -> Sample:
        """The sample with all changes; all randomness is the generator's."""
        # Always draw the same numbers, so that one setting does not shift another's.
        flip, light, *color = torch.rand(5, generator=generator).tolist()
        if flip < self.flip_probability:
            sample = sample.mirror()
        light = self.min_light + (1 - self.min_light) * light
        jitter = 1 + self.color_jitter * (2 * torch.tensor(color) - 1)
        return self.lit(sample, light, jitter, generator)

    def lit(
        self, sample: Sample, light: float, jitter: Tensor, generator: torch.Generator
    ) -> Sample:
        """The sample and its neighbours, which one light falls on, by that light."""
        for sensor, view in sample.views.items():
            if view.holds_spikes:
                if light < 1:
                    sample = sample.replace(sensor, image=dimmed(view.image, light, generator))
            elif len(view.image) == 3 and (light < 1 or self.color_jitter):
                brightness = (light ** (1 / 2.2) * jitter).view(3, 1, 1)
                sample = sample.replace(sensor, image=brightened(view.image, brightness))
        neighbours = {
            n: self.lit(neighbour, light, jitter, generator)
            for n, neighbour in sorted(sample.neighbours.items())
        }
        return replace(sample, neighbours=neighbours)


def brightened(picture: Tensor, factor: Tensor) -> Tensor:
    """A picture times a factor within its range: 0..255 as uint8, 0..1 as floating numbers."""
    if picture.is_floating_point():
        return (picture * factor).clamp(0, 1)
    return (picture.float() * factor).round().clamp(0, 255).to(torch.uint8)


def dimmed(spikes: Tensor, light: float, generator: torch.Generator) -> Tensor:
    """Spikes under less light.

    Args:
        spikes: uint8 counts, of which each spike stays with probability `light`; or floating
            averages of counts, which have no single spikes and are scaled.
        light: Factor on the light, 0..1.
        generator: Source of randomness.

    Returns:
        Same shape and type.
    """
    if spikes.is_floating_point():
        return light * spikes
    counts = spikes.float()
    return torch.binomial(counts, torch.full_like(counts, light), generator).to(torch.uint8)


class AugmentedDataset(Dataset[Sample]):
    """A data set whose augmentation depends on (seed, epoch, index) and on nothing else.

    It is indexed with (epoch, index) pairs, as `EpochSampler` yields them, so that a resumed run
    and any number of loader workers see the same samples.

    Args:
        dataset: Source of samples.
        augmentation: Random changes.
        seed: Seed of the run.
    """

    def __init__(self, dataset: Dataset[Sample], augmentation: Augmentation, seed: int) -> None:
        self.dataset, self.augmentation, self.seed = dataset, augmentation, seed

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        epoch, index = key
        generator = torch.Generator().manual_seed(hash((self.seed, epoch, index)) % 2**63)
        return self.augmentation(checked(self.dataset[index]), generator)

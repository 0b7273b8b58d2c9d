"""Augmentation of training samples, reproducible sample by sample."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.sets.recording_dataset import Sample


@dataclass(frozen=True)
class Augmentation:
    """Random changes that keep depth metric.

    Attributes:
        flip_probability: Probability of a left-right mirror of everything.
        min_light: Lower end of the uniform factor on the light: spikes are dropped at random
            (averages of counts are scaled) and RGB is darkened alike; 1 leaves both as they are.
        color_jitter: Largest relative change of each RGB channel's brightness.
    """

    flip_probability: float = 0.5
    min_light: float = 1.0
    color_jitter: float = 0.0

    def __call__(self, sample: Sample, generator: torch.Generator) -> Sample:
        """Apply the changes to one sample.

        Args:
            sample: As `RecordingDataset` makes it; left untouched.
            generator: Source of all randomness.

        Returns:
            A new sample.
        """
        sample = dict(sample)
        # Always draw the same numbers, so that one setting does not shift another's.
        flip, light, *color = torch.rand(5, generator=generator).tolist()
        if flip < self.flip_probability:
            sample = mirror(sample)
        light = self.min_light + (1 - self.min_light) * light
        if light < 1 and "spikes" in sample:
            sample["spikes"] = dimmed(sample["spikes"], light, generator)
        if "rgb" in sample and (light < 1 or self.color_jitter):
            factor = light ** (1 / 2.2) * (1 + self.color_jitter * (2 * torch.tensor(color) - 1))
            rgb = sample["rgb"].float() * factor.view(3, 1, 1)
            sample["rgb"] = rgb.round().clamp(0, 255).to(torch.uint8)
        return sample


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


def mirror(sample: Sample) -> Sample:
    """Left-right mirror of all images, with the principal point moved along.

    Args:
        sample: As `RecordingDataset` makes it.

    Returns:
        A new sample.
    """
    flipped = {k: v if k == "intrinsics" else v.flip(-1) for k, v in sample.items()}
    if "intrinsics" in sample:
        width = sample["spikes"].shape[-1]
        flipped["intrinsics"] = sample["intrinsics"].clone()
        flipped["intrinsics"][0, 2] = width - 1 - sample["intrinsics"][0, 2]
    return flipped


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
        return self.augmentation(self.dataset[index], generator)

"""Labelled source samples, each with an unlabelled target sample beside it."""

import math
from dataclasses import replace
from functools import lru_cache

import torch
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import AugmentedDataset
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import RGB, SPIKES, Sample, Target, checked

WHY = "what else a target sample has is hidden during adaptation"


class PairedDataset(Dataset[Sample]):
    """Adds to every augmented source sample a target sample in two views.

    Only its spikes and their camera are there; depth and pictures are hidden, so that no objective
    can read them. What is drawn depends on (seed, epoch, index) alone.

    Args:
        source: Source samples, indexed with (epoch, index).
        target: Target samples; every one is used once before any is used again.
        strong_view: Random changes of the strong view.
        label_share: Share of the target samples that keep their depth, for the comparison with
            few labels; of the others `depth_m` is then 0 everywhere, "not measured".
        seed: Seed of the run.

    Raises:
        ValueError: When `label_share` is out of range, or labels are asked for that the target
            does not have.
    """

    def __init__(
        self,
        source: AugmentedDataset,
        target: Dataset[Sample],
        strong_view: StrongView,
        *,
        label_share: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0 <= label_share <= 1:
            raise ValueError(f"target_label_share is {label_share}; accepted: 0 to 1")
        self.source, self.target, self.strong_view = source, target, strong_view
        self.seed = seed
        self.num_targets = len(target)  # type: ignore[arg-type]
        # Rounded first: 0.07 * 100 is a little above 7, and an eighth label would be one too many.
        num_labels = math.ceil(round(label_share * self.num_targets, 6))
        self.labelled = frozenset(shuffled(self.num_targets, seed, -1)[:num_labels])
        if self.labelled and not checked(target[0])[SPIKES].has("depth_m"):
            raise ValueError(
                f"target_label_share is {label_share}, but the target has no depth; accepted: 0"
            )

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        epoch, index = key
        round_, position = divmod(epoch * len(self) + index, self.num_targets)
        chosen = shuffled(self.num_targets, self.seed, round_)[position]
        generator = torch.Generator().manual_seed(hash((self.seed, epoch, index, 1)) % 2**63)
        return replace(self.source[key], target=self.views(chosen, generator))

    def views(self, index: int, generator: torch.Generator) -> Target[Sample]:
        """Both views of one target sample, with its depth only where that is allowed."""
        sample = checked(self.target[index])
        spikes = sample[SPIKES]
        image, mirrored = self.strong_view(spikes.image, generator)
        if not self.labelled:
            spikes = spikes.hide(["depth_m"], WHY)
        elif index not in self.labelled:
            spikes = spikes.replace(depth_m=torch.zeros_like(spikes.depth_m))
        hidden = dict.fromkeys({*sample.views, RGB} - {SPIKES}, WHY)
        weak = Sample({SPIKES: spikes}, hidden=hidden)
        strong = (weak.mirror() if mirrored else weak).replace(SPIKES, image=image)
        return Target(weak, strong, torch.tensor(mirrored))


@lru_cache(maxsize=4)
def shuffled(num_samples: int, seed: int, round_: int) -> list[int]:
    """A random order of the samples.

    Args:
        num_samples: How many.
        seed: Seed of the run.
        round_: Number of the pass over all samples; -1 is for choosing the labelled ones.
    """
    generator = torch.Generator().manual_seed(hash((seed, round_, 2)) % 2**63)
    return torch.randperm(num_samples, generator=generator).tolist()

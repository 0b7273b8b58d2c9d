"""Labelled source samples, each with an unlabelled target sample beside it."""

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import AugmentedDataset
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sets.recording_dataset import Sample

VISIBLE = ("spikes", "intrinsics")  # all that adaptation may know of a target sample


class PairedDataset(Dataset[dict[str, Any]]):
    """Adds to every augmented source sample a target sample in two views.

    `sample["target"]` holds `spikes` (weak view), `strong_spikes`, `mirrored` (whether the strong
    view is the mirror image of the weak one) and `intrinsics`; its depth and pictures are left
    out, so that no objective can read them. What is drawn depends on (seed, epoch, index) alone.

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
        if self.labelled and "depth_m" not in target[0]:
            raise ValueError(
                f"target_label_share is {label_share}, but the target has no depth; accepted: 0"
            )

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        epoch, index = key
        round_, position = divmod(epoch * len(self) + index, self.num_targets)
        chosen = shuffled(self.num_targets, self.seed, round_)[position]
        generator = torch.Generator().manual_seed(hash((self.seed, epoch, index, 1)) % 2**63)
        return self.source[key] | {"target": self.views(chosen, generator)}

    def views(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Both views of one target sample, with its depth only where that is allowed.

        Args:
            index: Number of the target sample.
            generator: Source of randomness.
        """
        sample = self.target[index]
        strong, mirrored = self.strong_view(sample["spikes"], generator)
        views = {key: sample[key] for key in VISIBLE if key in sample}
        views |= {"strong_spikes": strong, "mirrored": torch.tensor(mirrored)}
        if self.labelled:
            depth_m = sample["depth_m"]
            views["depth_m"] = depth_m if index in self.labelled else torch.zeros_like(depth_m)
        return views


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

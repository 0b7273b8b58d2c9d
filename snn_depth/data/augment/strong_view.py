"""Strong views of spike counts: what the student sees of an unlabelled target sample."""

from dataclasses import dataclass

import torch
from torch import Tensor

from snn_depth.data.augment.integrated_counts import integrated_counts

MIN_SHUFFLED_BINS = 4  # shuffling within one bin would be invisible to a network that reads bins


@dataclass(frozen=True)
class StrongView:
    """Random changes that leave the depth as it is, or mirror it.

    The released code of BiCross (arXiv 2208.12527) has a strong view in a comment only, and gives
    student and teacher the same input. That view shuffles frames in groups of 16, which the sum
    over a time bin of 16 frames undoes; here whole bins are shuffled.

    Attributes:
        mirror_probability: Probability that the strong view is the mirror image of the weak one.
        shuffled_bins: Bins are shuffled within groups of this many; 0 keeps their order.
        drop_share: Upper end of the uniform share of spikes that are lost.
        max_gain: Upper end of the log-uniform factor on the contrast of the counts around the
            sample's mean; 1 leaves it.
        gain_std: Spread of a random gain of each pixel, as between the pixels of a sensor.
        num_erased: Rectangles without any spike.
        max_erased_side: Their largest sides as a share of the picture's.

    Raises:
        ValueError: When a value is out of range.
    """

    mirror_probability: float = 0.5
    shuffled_bins: int = 4
    drop_share: float = 0.1
    max_gain: float = 1.3
    gain_std: float = 0.05
    num_erased: int = 2
    max_erased_side: float = 0.25

    def __post_init__(self) -> None:
        if self.shuffled_bins and self.shuffled_bins < MIN_SHUFFLED_BINS:
            raise ValueError(
                f"shuffled_bins is {self.shuffled_bins}; accepted: 0, or {MIN_SHUFFLED_BINS} or "
                "more"
            )
        for name in ("mirror_probability", "drop_share", "max_erased_side"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: 0 to 1")
        if self.max_gain < 1:
            raise ValueError(f"max_gain is {self.max_gain}; accepted: 1 or more")
        for name in ("gain_std", "num_erased"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: 0 or more")

    def __call__(self, spikes: Tensor, generator: torch.Generator) -> tuple[Tensor, bool]:
        """Make the strong view of one sample.

        Args:
            spikes: uint8 counts, or averages of counts, which are floating; shape (T, 1, H, W);
                left untouched.
            generator: Source of all randomness.

        Returns:
            Changed counts of the same shape, and whether they are mirrored. Counts are
            whole again, as a pixel that integrates them would fire; averages stay fractions, as at
            prediction.
        """
        # Always draw the same numbers first, so that one setting does not shift another's.
        mirrored, drop, gain = torch.rand(3, generator=generator).tolist()
        is_mirrored = mirrored < self.mirror_probability
        counts = shuffle_bins(spikes, self.shuffled_bins, generator).float()
        if is_mirrored:
            counts = counts.flip(-1)
        if self.max_gain > 1:
            mean = counts.mean()
            counts = mean + (counts - mean) * self.max_gain ** (2 * gain - 1)
        if self.gain_std:
            spread = torch.randn(counts.shape[1:], generator=generator)
            counts = counts * (1 + self.gain_std * spread)
        counts = counts * (1 - drop * self.drop_share)
        erase(counts, self.num_erased, self.max_erased_side, generator)
        if spikes.is_floating_point():
            return counts.clamp(min=0), is_mirrored
        charge = torch.rand(counts.shape[1:], generator=generator)
        counts = integrated_counts(counts.clamp_min(0), charge)
        return counts.clamp_max(255).to(torch.uint8), is_mirrored


def shuffle_bins(spikes: Tensor, group_size: int, generator: torch.Generator) -> Tensor:
    """Shuffle time bins within groups of consecutive ones.

    Args:
        spikes: Shape (T, ...).
        group_size: Bins per group; 0 or 1 changes nothing, T or more shuffles all.
        generator: Source of randomness.

    Returns:
        The same bins in another order.
    """
    if group_size < 2:
        return spikes
    order = [
        start + torch.randperm(min(group_size, len(spikes) - start), generator=generator)
        for start in range(0, len(spikes), group_size)
    ]
    return spikes[torch.cat(order)]


def erase(counts: Tensor, num_rectangles: int, max_side: float, generator: torch.Generator) -> None:
    """Set random rectangles to zero, in place.

    Args:
        counts: Shape (..., H, W).
        num_rectangles: How many.
        max_side: Largest sides as a share of H and W.
        generator: Source of randomness.
    """
    height, width = counts.shape[-2:]
    for _ in range(num_rectangles):
        share = torch.rand(4, generator=generator).tolist()
        rows, columns = round(share[0] * max_side * height), round(share[1] * max_side * width)
        top, left = round(share[2] * (height - rows)), round(share[3] * (width - columns))
        counts[..., top : top + rows, left : left + columns] = 0

"""Source spikes in the style of the target: how bright, contrasted and sharp it is at each depth.

Weather and sensors change a picture by depth: fog takes contrast from what is far, rain blurs.
The source has true depth and the target has its teacher's, so each can say how its pictures look
at a depth, and the source can be given the target's look while its labels stay true.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_PIXELS = 30  # of a depth bin; fewer say nothing about its statistics
MIN_STD = 0.05  # counts per time bin; less contrast is noise
MAX_GAIN = 4.0
MIN_COUNT = 1 / 16  # per time bin; a mean count below it cannot be scaled up


class Moments(NamedTuple):
    """Statistics of pictures in every depth bin, each of shape (B, bins).

    Attributes:
        num_pixels: Pixels in the bin.
        mean: Their mean.
        std: Their standard deviation.
    """

    num_pixels: Tensor
    mean: Tensor
    std: Tensor


def in_target_style(
    counts_TBCHW: Tensor,
    depth_m: Tensor,
    valid_mask: Tensor,
    target_counts_TBCHW: Tensor,
    target_depth_m: Tensor,
    *,
    min_depth_m: float,
    max_depth_m: float,
    num_depth_bins: int = 9,
    radii_px: Sequence[int] = (2, 4),
) -> Tensor:
    """Give every source sample the look of the target sample beside it.

    The mean counts of both are split into frequency bands by box blurs. In each band and depth bin
    the source is shifted and scaled to the target's mean and standard deviation; then all time
    bins are scaled alike. What has no depth gets the look of the farthest bin: it is taken for sky,
    so the source's depth must be dense.

    Source: ours; the matching of moments is adaptive instance normalisation (Huang and Belongie
    2017, arXiv 1703.06868) by depth and by band of a Laplacian pyramid.

    Args:
        counts_TBCHW: Source counts per time bin, shape (T, B, 1, H, W).
        depth_m: True depth in metres, shape (B, 1, H, W).
        valid_mask: Where it was measured, same shape.
        target_counts_TBCHW: Target counts, same number of samples; any height and width.
        target_depth_m: Depth that a teacher sees there, shape (B, 1, H', W').
        min_depth_m: Near end of the depth bins, which are equally wide in log depth.
        max_depth_m: Far end; what lies outside falls into the first or last bin.
        num_depth_bins: How many.
        radii_px: Radii of the blurs, ascending; one band more than radii.

    Returns:
        Fractional counts, not below 0, shape of `counts_TBCHW`.
    """
    ends = math.log10(min_depth_m), math.log10(max_depth_m)
    edges = torch.logspace(*ends, num_depth_bins + 1)[1:-1].to(depth_m)
    no_depth = torch.full_like(depth_m, num_depth_bins, dtype=torch.long)
    bins = torch.where(valid_mask, torch.bucketize(depth_m, edges), no_depth)
    target_bins = torch.bucketize(target_depth_m, edges)
    mean_count = counts_TBCHW.mean(0)
    styled = torch.zeros_like(mean_count)
    bands = zip(
        frequency_bands(mean_count, radii_px),
        frequency_bands(target_counts_TBCHW.mean(0), radii_px),
        strict=True,
    )
    for band, target_band in bands:
        ours = moments_by_bin(band, bins, num_depth_bins + 1)
        theirs = moments_by_bin(target_band, target_bins, num_depth_bins)
        styled += match_moments(band, bins, ours, with_sky(theirs))
    styled = styled.clamp_min(0)
    scaled = counts_TBCHW * (styled / mean_count.clamp_min(MIN_COUNT))
    return torch.where(mean_count < MIN_COUNT, styled.expand_as(scaled), scaled)


def frequency_bands(picture: Tensor, radii_px: Sequence[int]) -> list[Tensor]:
    """Split pictures into bands that add up to them, high frequencies first.

    Args:
        picture: Shape (B, 1, H, W).
        radii_px: Radii of the box blurs between the bands.

    Returns:
        One tensor more than radii, shape of `picture`.
    """
    bands = []
    for radius in radii_px:
        padded = F.pad(picture, (radius,) * 4, mode="reflect")
        low = F.avg_pool2d(padded, 2 * radius + 1, stride=1)
        bands.append(picture - low)
        picture = low
    return [*bands, picture]


def moments_by_bin(values: Tensor, bins: Tensor, num_bins: int) -> Moments:
    """Mean and standard deviation of the pixels in every bin of every picture.

    Args:
        values: Shape (B, 1, H, W).
        bins: Number of each pixel's bin, same shape.
        num_bins: How many bins there are.

    Returns:
        The moments; 0 for an empty bin.
    """
    flat, index = values.flatten(1), bins.flatten(1)
    zeros = flat.new_zeros(len(flat), num_bins)
    num_pixels = zeros.scatter_add(1, index, torch.ones_like(flat))
    mean = zeros.scatter_add(1, index, flat) / num_pixels.clamp_min(1)
    squares = (flat - mean.gather(1, index)).square()
    variance = zeros.scatter_add(1, index, squares) / num_pixels.clamp_min(1)
    return Moments(num_pixels, mean, variance.sqrt())


def with_sky(moments: Moments) -> Moments:
    """Add a bin for what has no depth: the farthest bin once more."""
    return Moments(*(torch.cat([m, m[:, -1:]], dim=1) for m in moments))


def match_moments(values: Tensor, bins: Tensor, ours: Moments, theirs: Moments) -> Tensor:
    """Shift and scale the pixels of every bin from one mean and deviation to another.

    A bin that either side hardly has keeps its values.

    Args:
        values: Shape (B, 1, H, W).
        bins: Number of each pixel's bin, same shape.
        ours: Moments of `values`.
        theirs: Wanted moments.

    Returns:
        Shape of `values`.
    """
    index = bins.flatten(1)
    known = (ours.num_pixels >= MIN_PIXELS) & (theirs.num_pixels >= MIN_PIXELS)
    gain = (theirs.std.clamp_min(MIN_STD) / ours.std.clamp_min(MIN_STD)).clamp_max(MAX_GAIN)
    gain = torch.where(known, gain, torch.ones_like(gain))
    mean = torch.where(known, theirs.mean, ours.mean)
    centred = values.flatten(1) - ours.mean.gather(1, index)
    return (centred * gain.gather(1, index) + mean.gather(1, index)).view_as(values)

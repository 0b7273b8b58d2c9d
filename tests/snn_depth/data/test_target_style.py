import math
import statistics

import pytest
import torch
from torch import Tensor

from snn_depth.data.target_style import (
    MAX_GAIN,
    MIN_PIXELS,
    Moments,
    frequency_bands,
    in_target_style,
    match_moments,
    moments_by_bin,
    with_sky,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_bands_add_up_and_the_last_is_the_smoothest() -> None:
    picture = random(2, 1, 20, 30)
    bands = frequency_bands(picture, (2, 4))
    assert len(bands) == 3
    torch.testing.assert_close(torch.stack(bands).sum(0), picture)
    rough = [band.diff(dim=-1).abs().mean() for band in bands]
    assert rough[0] > rough[1] > rough[2]
    flat = frequency_bands(torch.full((1, 1, 20, 30), 3.0), (2, 4))
    assert flat[0].abs().max() < 1e-6 and (flat[2] - 3).abs().max() < 1e-6


def test_moments_equal_slow_reference() -> None:
    values, bins = random(2, 1, 6, 7), (4 * random(2, 1, 6, 7, seed=1)).long()
    moments = moments_by_bin(values, bins, 5)  # the fifth bin stays empty
    for sample in range(2):
        for k in range(5):
            inside = values[sample][bins[sample] == k].tolist()
            assert moments.num_pixels[sample, k] == len(inside)
            mean = statistics.fmean(inside) if inside else 0.0
            std = statistics.pstdev(inside) if inside else 0.0
            assert moments.mean[sample, k].item() == pytest.approx(mean, abs=1e-6)
            assert moments.std[sample, k].item() == pytest.approx(std, abs=1e-6)


def test_matched_values_have_the_wanted_moments() -> None:
    values = random(1, 1, 20, 20)
    bins = (torch.arange(400) % 2).view(1, 1, 20, 20)
    ours = moments_by_bin(values, bins, 2)
    wanted = Moments(ours.num_pixels, torch.tensor([[5.0, 1.0]]), torch.tensor([[0.4, 0.1]]))
    found = moments_by_bin(match_moments(values, bins, ours, wanted), bins, 2)
    torch.testing.assert_close(found.mean, wanted.mean)
    torch.testing.assert_close(found.std, wanted.std)


def test_a_bin_of_few_pixels_and_a_huge_gain_are_left() -> None:
    values, bins = random(1, 1, 20, 20), torch.zeros(1, 1, 20, 20, dtype=torch.long)
    ours = moments_by_bin(values, bins, 1)
    few = Moments(torch.tensor([[MIN_PIXELS - 1.0]]), torch.tensor([[9.0]]), torch.tensor([[9.0]]))
    torch.testing.assert_close(match_moments(values, bins, ours, few), values)
    enough = few._replace(num_pixels=torch.tensor([[float(MIN_PIXELS)]]))
    found = moments_by_bin(match_moments(values, bins, ours, enough), bins, 1)
    assert found.std.item() == pytest.approx(MAX_GAIN * ours.std.item(), rel=1e-4)


def test_sky_looks_like_the_farthest_bin() -> None:
    moments = with_sky(Moments(*(torch.tensor([[1.0, 2.0]]) + k for k in range(3))))
    assert [m.tolist() for m in moments] == [[[1, 2, 2]], [[2, 3, 3]], [[3, 4, 4]]]


def scene(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Counts, and a depth that grows from 2 to 60 m towards the top, under a sky."""
    counts = 8 * random(4, 2, 1, 32, 48, seed=seed)
    column_m = torch.logspace(math.log10(60), math.log10(2), 32)
    depth_m = column_m.view(1, 1, 32, 1).expand(2, 1, 32, 48)
    return counts, depth_m, depth_m < 50


def test_its_own_style_changes_nothing() -> None:
    counts, depth_m, valid = scene()
    valid = torch.ones_like(valid)
    styled = in_target_style(counts, depth_m, valid, counts, depth_m, max_depth_m=80.0)
    torch.testing.assert_close(styled, counts, rtol=1e-4, atol=1e-4)


def test_fog_takes_contrast_from_what_is_far() -> None:
    """The target is bright and flat beyond 15 m, and as the source before it."""
    counts, depth_m, valid = scene()
    foggy = torch.where(depth_m > 15, 6.0 + 0 * counts, counts)
    styled = in_target_style(counts, depth_m, valid, foggy, depth_m, max_depth_m=80.0)
    assert styled.shape == counts.shape and styled.min() >= 0
    far = (depth_m[0, 0] > 25) & valid[0, 0]
    near = depth_m[0, 0] < 8
    before, after = counts.mean(0)[:, 0], styled.mean(0)[:, 0]
    assert after[:, far].std() < 0.4 * before[:, far].std()
    assert abs(after[:, far].mean() - 6) < 0.5
    assert abs(after[:, near].std() / before[:, near].std() - 1) < 0.2
    sky = ~valid[0, 0]
    assert abs(after[:, sky].mean() - 6) < 0.7, "as the farthest that has depth"


def test_all_time_bins_of_a_pixel_are_scaled_alike() -> None:
    counts, depth_m, valid = scene()
    styled = in_target_style(counts, depth_m, valid, 0.5 * counts, depth_m, max_depth_m=80.0)
    ratio = (styled / counts)[:, counts.mean(0) > 1]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-4, atol=1e-4)
    assert math.isclose(styled.mean() / counts.mean(), 0.5, rel_tol=0.1)


def test_sizes_of_source_and_target_may_differ() -> None:
    counts, depth_m, valid = scene()
    target = 3 * random(4, 2, 1, 20, 24, seed=3)
    target_depth_m = 1 + 70 * random(2, 1, 20, 24, seed=4)
    styled = in_target_style(counts, depth_m, valid, target, target_depth_m, max_depth_m=80.0)
    assert styled.shape == counts.shape and torch.isfinite(styled).all()

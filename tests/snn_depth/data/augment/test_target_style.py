import math
from typing import Any

import pytest
import torch
from torch import Tensor

from snn_depth.data.augment.target_style import (
    MIN_PIXELS,
    Moments,
    frequency_bands,
    in_target_style,
    match_moments,
    moments_by_bin,
    with_sky,
)

HEIGHT, WIDTH = 64, 96


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def styled(
    counts: Tensor, depth_m: Tensor, target: Tensor, target_depth_m: Tensor, **options: Any
) -> Tensor:
    """In a range of 1 to 64 m; 0 m is no measurement."""
    options = {"min_depth_m": 1.0, "max_depth_m": 64.0} | options
    return in_target_style(counts, depth_m, depth_m > 0, target, target_depth_m, **options)


def scene(seed: int) -> tuple[Tensor, Tensor]:
    """Intensity 0..1 and depth in metres of two scenes: textured blocks at many distances."""
    blocks = rand(2, 1, HEIGHT // 8, WIDTH // 8, seed=seed)
    depth_m = 64 ** blocks.repeat_interleave(8, -2).repeat_interleave(8, -1)
    coarse = rand(2, 1, HEIGHT // 4, WIDTH // 4, seed=seed + 1)
    coarse = coarse.repeat_interleave(4, -2).repeat_interleave(4, -1)
    return 0.5 * coarse + 0.5 * rand(2, 1, HEIGHT, WIDTH, seed=seed + 2), depth_m


def fogged(intensity: Tensor, depth_m: Tensor) -> Tensor:
    """Koschmieder: what is left of the contrast, and airlight in place of the rest."""
    transmission = torch.exp(-0.05 * depth_m)
    return intensity * transmission + 0.8 * (1 - transmission)


def counts_of(intensity: Tensor) -> Tensor:
    """Noiseless counts in four time bins of 16 frames."""
    return (16 * intensity).expand(4, *intensity.shape)


def test_moments_are_those_of_a_plain_loop() -> None:
    values = rand(3, 1, 7, 9)
    bins = (5 * rand(3, 1, 7, 9, seed=1)).long()
    bins[2][bins[2] == 3] = 0  # an empty bin
    moments = moments_by_bin(values, bins, 5)
    for b in range(3):
        for k in range(5):
            pairs = zip(values[b].flatten().tolist(), bins[b].flatten().tolist(), strict=True)
            inside = [value for value, bin_ in pairs if bin_ == k]
            mean = sum(inside) / len(inside) if inside else 0.0
            squares = sum((value - mean) ** 2 for value in inside)
            std = math.sqrt(squares / len(inside)) if inside else 0.0
            assert moments.num_pixels[b, k] == len(inside)
            assert moments.mean[b, k].item() == pytest.approx(mean, abs=1e-6)
            assert moments.std[b, k].item() == pytest.approx(std, abs=1e-6)


def test_matching_is_a_shift_and_a_gain_per_bin() -> None:
    """Hand-computed: (3 - 2) * 4 / 2 + 10 = 12."""
    values = torch.tensor([3.0, 1.0, 3.0, 1.0]).view(1, 1, 2, 2)
    bins = torch.tensor([0, 1, 2, 3]).view(1, 1, 2, 2)
    many, few = float(MIN_PIXELS), float(MIN_PIXELS - 1)
    ours = Moments(*torch.tensor([[[many] * 4], [[2.0] * 4], [[2.0, 2.0, 0.01, 2.0]]]))
    theirs = Moments(*torch.tensor([[[many, few, many, 0]], [[10.0] * 4], [[4.0, 4.0, 0.04, 4.0]]]))
    # A bin the target hardly has keeps its values; below the least contrast nothing is amplified.
    expected = [12.0, 1.0, 11.0, 1.0]
    assert match_moments(values, bins, ours, theirs).flatten().tolist() == pytest.approx(expected)
    swapped = Moments(theirs.num_pixels, ours.mean, ours.std)
    assert match_moments(values, bins, swapped, theirs)[0, 0, 0, 1] == 1, "nor one the source lacks"


def test_gain_is_bounded() -> None:
    values, bins = torch.tensor([[[[3.0]]]]), torch.zeros(1, 1, 1, 1, dtype=torch.long)
    ours, theirs = (
        Moments(torch.tensor([[100.0]]), torch.tensor([[2.0]]), torch.tensor([[std]]))
        for std in (0.1, 50.0)
    )
    assert match_moments(values, bins, ours, theirs).item() == pytest.approx(2 + 4 * 1)


def test_bands_add_up_and_the_low_ones_are_blurred() -> None:
    picture = rand(2, 1, 20, 30)
    bands = frequency_bands(picture, (2, 4))
    assert len(bands) == 3
    torch.testing.assert_close(sum(bands), picture)
    mean = picture[0, 0, 5:10, 8:13].double().mean().item()  # 5 x 5 pixels around (7, 10)
    assert bands[0][0, 0, 7, 10].item() == pytest.approx(picture[0, 0, 7, 10].item() - mean)
    flat = frequency_bands(torch.full((1, 1, 20, 30), 3.0), (2, 4))
    assert [band.abs().max().item() for band in flat] == pytest.approx([0, 0, 3], abs=1e-6)


def test_the_sky_looks_as_what_is_farthest() -> None:
    moments = with_sky(Moments(*torch.arange(12.0).view(3, 2, 2)))
    assert moments.mean.tolist() == [[4, 5, 5], [6, 7, 7]]
    assert moments.num_pixels.shape == moments.std.shape == (2, 3)


@pytest.mark.parametrize("contrast", [1.0, 0.002])
def test_the_same_style_changes_nothing(contrast: float) -> None:
    """Not even where there is next to no contrast, as in dense fog."""
    intensity, depth_m = scene(0)
    counts = counts_of(0.5 + contrast * (intensity - 0.5))
    torch.testing.assert_close(styled(counts, depth_m, counts, depth_m), counts)


def test_clear_pictures_become_foggy_as_the_target_shows_it() -> None:
    """The target is another scene, so nothing but its statistics can help."""
    intensity, depth_m = scene(0)
    other, target_depth_m = scene(10)
    clear, truth = counts_of(intensity), counts_of(fogged(intensity, depth_m))
    target = counts_of(fogged(other, target_depth_m))
    result = styled(clear, depth_m, target, target_depth_m)
    assert (result - truth).abs().mean() < 0.25 * (clear - truth).abs().mean()

    edges = torch.logspace(0, math.log10(64), 10)[1:-1]
    ours, theirs, before = (
        moments_by_bin(counts[0], torch.bucketize(d, edges), 9)
        for counts, d in ((result, depth_m), (target, target_depth_m), (clear, depth_m))
    )
    shared = (ours.num_pixels >= MIN_PIXELS) & (theirs.num_pixels >= MIN_PIXELS)
    assert shared.float().mean() > 0.8
    # The means of the bands add up to the picture's; of their deviations that is not quite true.
    torch.testing.assert_close(ours.mean[shared], theirs.mean[shared], rtol=1e-3, atol=1e-3)
    lost_contrast = (before.std - theirs.std)[shared].abs().mean()
    assert (ours.std - theirs.std)[shared].abs().mean() < 0.25 * lost_contrast


def test_depth_bins_span_the_range_that_is_given() -> None:
    """What is near and dark indoors stays apart from what is less near and bright."""
    depth_m = torch.full((1, 1, HEIGHT, WIDTH), 0.2)
    depth_m[..., WIDTH // 2 :] = 0.7
    target = torch.where(depth_m < 0.5, 2.0, 12.0)[None]
    counts = 4 + 4 * rand(1, 1, 1, HEIGHT, WIDTH)
    result = styled(counts, depth_m, target, depth_m, min_depth_m=0.1, max_depth_m=1.0)
    assert result[..., : WIDTH // 2].mean().item() == pytest.approx(2, abs=1e-2)
    assert result[..., WIDTH // 2 :].mean().item() == pytest.approx(12, abs=1e-2)


def test_depths_without_a_counterpart_keep_their_look() -> None:
    counts, depth_m = 5 + 5 * rand(2, 1, 1, HEIGHT, WIDTH), torch.full((1, 1, HEIGHT, WIDTH), 2.0)
    far = torch.full_like(depth_m, 60.0)
    torch.testing.assert_close(styled(counts, depth_m, counts + 3, far), counts)


def test_without_any_depth_all_is_sky() -> None:
    counts = 5 + 5 * rand(2, 1, 1, HEIGHT, WIDTH)
    nothing = torch.zeros(1, 1, HEIGHT, WIDTH)
    far = torch.full_like(nothing, 60.0)
    result = styled(counts, nothing, counts + 3, far)
    assert result.mean().item() == pytest.approx(counts.mean().item() + 3, abs=1e-2)
    # And where the target shows nothing far away, there is nothing to go by.
    torch.testing.assert_close(styled(counts, nothing, counts + 3, far / 30), counts)


def test_time_bins_are_scaled_alike() -> None:
    _, depth_m = scene(0)
    counts = 1 + 15 * rand(4, 2, 1, HEIGHT, WIDTH, seed=3)
    target, target_depth_m = scene(10)
    result = styled(counts, depth_m, counts_of(fogged(target, target_depth_m)), target_depth_m)
    ratios = result / counts
    torch.testing.assert_close(ratios, ratios[:1].expand_as(ratios))
    assert not torch.allclose(ratios, torch.ones_like(ratios))


def test_what_is_dark_can_get_airlight_and_nothing_gets_negative() -> None:
    depth_m = torch.full((1, 1, HEIGHT, WIDTH), 30.0)
    dark = torch.zeros(4, 1, 1, HEIGHT, WIDTH)
    assert (styled(dark, depth_m, dark + 7, depth_m) - 7).abs().max() < 1e-4
    contrasted = 16 * (rand(4, 1, 1, HEIGHT, WIDTH) > 0.9).float()
    result = styled(contrasted, depth_m, dark + 0.5 * rand(1, 1, 1, HEIGHT, WIDTH), depth_m)
    assert result.min() == 0 and result.isfinite().all()


def test_samples_take_the_style_of_the_one_beside_them_of_any_size() -> None:
    intensity, depth_m = scene(0)
    target, target_depth_m = (x[..., :40, :70].contiguous() for x in scene(10))
    counts, target = counts_of(intensity), counts_of(target)
    together = styled(counts, depth_m, target, target_depth_m)
    for b in range(2):
        one = slice(b, b + 1)
        alone = styled(counts[:, one], depth_m[one], target[:, one], target_depth_m[one])
        torch.testing.assert_close(together[:, one], alone)
    swapped = styled(counts, depth_m, target.flip(1), target_depth_m.flip(0))
    assert not torch.allclose(together, swapped, atol=0.1)

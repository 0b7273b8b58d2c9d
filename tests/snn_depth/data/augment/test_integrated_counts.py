import math

import numpy as np
import pytest
import torch

from snn_depth.data.augment.integrated_counts import integrated_counts, resample_counts


def test_equals_a_pixel_that_integrates_bin_by_bin() -> None:
    torch.manual_seed(0)
    light, charge = 3 * torch.rand(6, 4, 5), torch.rand(4, 5)
    counts = integrated_counts(light, charge)
    assert counts.dtype == light.dtype
    for row in range(4):
        for column in range(5):
            level = float(charge[row, column])
            for t in range(6):
                level += float(light[t, row, column])
                assert counts[t, row, column] == math.floor(level)
                level -= math.floor(level)


def test_whole_light_stays_as_it_is() -> None:
    light = torch.randint(0, 17, (8, 3, 4, 5)).float()
    assert torch.equal(integrated_counts(light, torch.rand(3, 4, 5)), light)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.7, 2.5])
def test_right_on_average_and_to_one_spike_per_window(value: float) -> None:
    torch.manual_seed(0)
    counts = integrated_counts(torch.full((8, 20_000), value), torch.rand(20_000))
    assert counts.mean().item() == pytest.approx(value, abs=0.005)
    assert ((counts.sum(0) - 8 * value).abs() < 1 + 1e-6).all()


def test_tenths_that_add_up_to_one_are_one() -> None:
    counts = integrated_counts(torch.full((10, 1), 0.1, dtype=torch.float64), torch.zeros(1))
    assert counts.sum() == 1


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def integrate_and_fire(frames_THW: np.ndarray, size: tuple[int, int], charge: np.ndarray):
    """Frame by frame and pixel by pixel: what a sensor with larger pixels does."""
    num_frames, old_height, old_width = frames_THW.shape
    y, x = old_height / size[0], old_width / size[1]
    spikes = np.zeros((num_frames, *size), np.uint8)
    for row in range(size[0]):
        for column in range(size[1]):
            held = charge[row, column]
            for t in range(num_frames):
                for i in range(old_height):
                    for j in range(old_width):
                        tall = min((row + 1) * y, i + 1) - max(row * y, i)
                        wide = min((column + 1) * x, j + 1) - max(column * x, j)
                        held += max(tall, 0) * max(wide, 0) / (y * x) * frames_THW[t, i, j]
                if held >= 1 - 1e-9:
                    held -= 1
                    spikes[t, row, column] = 1
    return spikes


@pytest.mark.parametrize("size", [(2, 4), (3, 5), (4, 8), (1, 1)])
def test_large_pixels_fire_as_a_simulated_sensor_does(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).random((24, 4, 8)) < np.linspace(0, 1, 8)
    charge = torch.rand((1, *size), dtype=torch.float64, generator=seeded())[0].numpy()
    expected = frames if size == (4, 8) else integrate_and_fire(frames, size, charge)
    bins = expected.reshape(3, 8, *size).sum(1)
    counts = torch.from_numpy(frames.reshape(3, 8, 1, 4, 8).sum(1).astype(np.uint8))
    got = resample_counts(counts, size, seeded())
    assert got.dtype == torch.uint8
    np.testing.assert_array_equal(got[:, 0], bins)


def test_light_is_kept_and_the_range_too() -> None:
    counts = torch.from_numpy(np.random.default_rng(1).integers(0, 17, (8, 1, 50, 80), np.uint8))
    counts[..., :20] = 16  # saturated
    counts[..., 60:] = 0
    got = resample_counts(counts, (13, 20), seeded())
    assert (got[..., :5] == 16).all() and not got[..., 15:].any()
    assert got.max() == 16
    mean = got.double().sum(0).mean() / counts.double().sum(0).mean()
    assert abs(mean - 1) < 0.01


def test_charges_are_the_generators() -> None:
    counts = torch.full((4, 1, 8, 8), 3, dtype=torch.uint8)
    counts[:, :, ::2] = 2
    once, again = (resample_counts(counts, (2, 2), seeded()) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, resample_counts(counts, (2, 2), seeded(4)))


def test_counts_of_the_same_size_are_left_alone() -> None:
    counts = torch.ones((2, 1, 3, 5), dtype=torch.uint8)
    assert resample_counts(counts, (3, 5), seeded()) is counts
    with pytest.raises(ValueError, match="3 x 5 pixels cannot be resampled to 3 x 6; accepted"):
        resample_counts(counts, (3, 6), seeded())

import numpy as np
import pytest

from snn_depth.data.streams.binning import bin_spikes


def test_counts_against_a_slow_sum() -> None:
    frames = (np.random.default_rng(0).random((12, 3, 5)) < 0.4).astype(np.uint8)
    for num_bins in (1, 2, 3, 4, 6, 12):
        counts = bin_spikes(frames, num_bins)
        assert counts.dtype == np.float32
        assert counts.shape == (num_bins, 3, 5)
        n = 12 // num_bins
        for b in range(num_bins):
            expected = sum(frames[b * n + i].astype(int) for i in range(n))
            np.testing.assert_array_equal(counts[b], expected)


@pytest.mark.parametrize("frames_per_bin", [255, 256, 600])
def test_long_bins_do_not_overflow(frames_per_bin: int) -> None:
    counts = bin_spikes(np.ones((2 * frames_per_bin, 1, 2), np.uint8), 2)
    np.testing.assert_array_equal(counts, np.full((2, 1, 2), frames_per_bin))


@pytest.mark.parametrize(("num_frames", "num_bins"), [(10, 3), (4, 8), (4, 0), (4, -2), (0, 1)])
def test_lengths_that_do_not_divide(num_frames: int, num_bins: int) -> None:
    with pytest.raises(ValueError, match=f"{num_frames} frames do not make {num_bins} bins"):
        bin_spikes(np.zeros((num_frames, 2, 2), np.uint8), num_bins)

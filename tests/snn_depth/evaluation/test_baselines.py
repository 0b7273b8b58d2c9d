import numpy as np
import pytest
import torch

from snn_depth.data.sample import Batch, View
from snn_depth.evaluation.baselines import fit_row_medians, playback_as_rgb

CAPS = {"min_depth_m": 1.0, "max_depth_m": 80.0}


def test_row_medians_by_hand():
    maps = [
        np.array([[0.0, 90.0, 10.0], [2.0, 4.0, np.nan]]),  # 0, NaN and 90 m do not count
        np.array([[20.0, 30.0, 1.0], [6.0, 8.0, 80.0]]),  # nor do the caps themselves
    ]
    fitted = fit_row_medians(maps, 2, **CAPS)
    np.testing.assert_allclose(fitted.rows_m, [20.0, 5.0])  # of 10 20 30 and of 2 4 6 8
    constant = fit_row_medians(maps, 1, **CAPS)
    np.testing.assert_allclose(constant.rows_m, [8.0])  # of 2 4 6 8 10 20 30


def test_maps_of_different_sizes_share_stripes():
    fine = np.array([[10.0], [20.0], [30.0], [40.0]])
    coarse = np.array([[12.0, 12.0, 12.0], [33.0, 33.0, 33.0]])
    fitted = fit_row_medians([fine, coarse], 2, **CAPS)
    np.testing.assert_allclose(fitted.rows_m, [12.0, 33.0])
    np.testing.assert_allclose(fitted.depth_m(4, 2), [[12, 12], [12, 12], [33, 33], [33, 33]])


def test_stripes_without_measurement_are_interpolated():
    maps = [np.array([[0.0], [10.0], [0.0], [30.0]])]
    np.testing.assert_allclose(fit_row_medians(maps, 4, **CAPS).rows_m, [10, 10, 20, 30])
    # More stripes than a map has rows: every second one stays empty.
    twice = fit_row_medians([np.array([[10.0], [20.0]])], 4, **CAPS)
    np.testing.assert_allclose(twice.rows_m, [10, 15, 20, 20])


def test_predicts_the_shape_of_the_batch():
    fitted = fit_row_medians([np.array([[10.0], [20.0]])], 2, **CAPS)
    depth_m = fitted(Batch({"spikes": View(torch.zeros(2, 3, 1, 4, 5))})).depth_m
    assert depth_m.shape == (3, 1, 4, 5)
    torch.testing.assert_close(depth_m[2, 0, :, 4], torch.tensor([10.0, 10.0, 20.0, 20.0]))


def test_nothing_to_fit_on_is_an_error():
    with pytest.raises(ValueError, match=r"no depth between 1.0 and 80.0 m"):
        fit_row_medians([np.zeros((4, 4)), np.full((4, 4), 100.0)], 2, **CAPS)


def test_playback_is_a_grey_picture_whatever_the_light():
    rate = torch.rand(2, 1, 40, 50)
    counts = (16 * rate).expand(8, 2, 1, 40, 50)
    rgb = playback_as_rgb(counts)
    assert rgb.shape == (2, 3, 40, 50)
    assert rgb.min() >= 0
    assert rgb.max() == 1
    assert torch.equal(rgb[:, 0], rgb[:, 2])
    torch.testing.assert_close(rgb, playback_as_rgb(counts / 10))
    # Half the light of the white level is shown at half to the power of 1 / gamma.
    white = rate[0].flatten().sort().values[round(0.995 * 1999)]
    dark = rate[0, 0] < white
    torch.testing.assert_close(rgb[0, 0][dark], (rate[0, 0] / white)[dark] ** (1 / 2.2))


def test_playback_of_darkness_is_black():
    assert torch.equal(playback_as_rgb(torch.zeros(4, 1, 1, 8, 8)), torch.zeros(1, 3, 8, 8))

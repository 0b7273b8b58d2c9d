import math

import pytest
import torch

from snn_depth.data.augment.integrated_counts import integrated_counts


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

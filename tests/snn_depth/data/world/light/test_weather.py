import math

import pytest
import torch

from snn_depth.data.world.geometry.ray_casting import PinholeCamera
from snn_depth.data.world.light.rain import Rain
from snn_depth.data.world.light.weather import (
    drops_on_lens,
    gaussian_blur,
    koschmieder,
    mirror_in_ground,
)


def test_koschmieder_by_hand() -> None:
    radiance = torch.tensor([[0.2, 0.4, 0.6]])
    airlight = torch.tensor([0.9, 0.8, 0.7])
    seen = koschmieder(radiance, torch.tensor([20.0]), 0.05, airlight)
    t = math.exp(-1)
    expected = [0.2 * t + 0.9 * (1 - t), 0.4 * t + 0.8 * (1 - t), 0.6 * t + 0.7 * (1 - t)]
    torch.testing.assert_close(seen, torch.tensor([expected]))


def test_koschmieder_at_both_ends() -> None:
    radiance, airlight = torch.rand(2, 3), torch.rand(3)
    distance_m = torch.tensor([0.0, torch.inf])
    seen = koschmieder(radiance, distance_m, 0.03, airlight)
    torch.testing.assert_close(seen, torch.stack([radiance[0], airlight]))


def test_wet_ground_mirrors_about_the_row_of_contact() -> None:
    image = torch.arange(6.0).view(1, 6, 1)
    is_ground = torch.tensor([0, 0, 0, 1, 1, 1]).bool().view(6, 1)
    # Row 3 is the first of the ground; the wall above it ends with row 2.
    assert mirror_in_ground(image, is_ground)[0, 3:, 0].tolist() == [1.0, 0.0, 0.0]


def test_blur_keeps_the_mean_and_has_its_width() -> None:
    image = torch.zeros(1, 41, 41)
    image[0, 20, 20] = 1
    blurred = gaussian_blur(image, 2.0)
    x = torch.arange(41.0) - 20
    assert float(blurred.sum()) == pytest.approx(1.0, abs=1e-4)
    assert float((blurred[0].sum(0) * x * x).sum()) == pytest.approx(4.0, rel=0.05)


def test_drops_change_the_picture_only_where_they_are() -> None:
    image = torch.rand(3, 32, 64, generator=torch.Generator().manual_seed(0))
    changed = (drops_on_lens(image, torch.tensor([[20.0, 10.0, 6.0]])) != image).any(0)
    rows, columns = torch.nonzero(changed, as_tuple=True)
    assert changed[10, 20]
    assert ((rows - 10) ** 2 + (columns - 20) ** 2).max() <= 36


def rain_of_one(column: float, row: float) -> Rain:
    value = torch.ones(1)
    return Rain(column * value, row * value, 10 * value, 0 * value, 0.5 * value)


def test_drops_fall_and_draw_streaks_as_long_as_their_way() -> None:
    image = torch.full((1, 60, 40), 0.2)
    short = rain_of_one(20, 10).cover(image, 0.0, 1e-4)[0] - 0.2
    later = rain_of_one(20, 10).cover(image, 0.25, 1e-4)[0] - 0.2
    long = rain_of_one(20, 30).cover(image, 0.0, 0.25)[0] - 0.2
    assert short.argmax() == 10 * 40 + 20
    assert later.argmax() == 30 * 40 + 20  # 8 m/s for 0.25 s at 10 px/m
    lit_rows = (long[:, 20] > 0.01).sum()
    assert 19 <= lit_rows <= 23
    assert (short >= 0).all()  # drops are brighter than the scene


def test_dry_weather_leaves_the_picture() -> None:
    camera = PinholeCamera.centered(10, 20, 10.0)
    image = torch.rand(3, 10, 20)
    dry = Rain.draw(0, camera, torch.Generator())
    assert torch.equal(dry.cover(image, 0.0, 0.01), image)

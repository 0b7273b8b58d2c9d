from dataclasses import replace

import pytest
import torch

from snn_depth.data.world.capture.burst import burst_intensity
from snn_depth.data.world.capture.optics import luminance, pixels
from snn_depth.data.world.capture.render import Picture, render
from snn_depth.data.world.light.rain import Rain
from snn_depth.data.world.scenery.street_scene import Scene
from tests.snn_depth.data.world.conftest import CAMERA


def burst(scene: Scene, picture: Picture, rate_hz: float = 20000.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return burst_intensity(
        picture,
        picture.radiance,
        scene.drive,
        scene.conditions,
        Rain.draw(0, picture.camera, generator),
        distance_m=6.0,
        num_frames=128,
        sample_rate_hz=rate_hz,
        generator=torch.Generator().manual_seed(1),
    )


def test_a_standing_camera_sees_a_still_picture(empty_street: Scene) -> None:
    parked = replace(empty_street, drive=replace(empty_street.drive, speed_mps=0.0))
    picture = render(parked, CAMERA, 6.0)
    light = burst(parked, picture)
    assert light.shape == (128, 64, 128)
    torch.testing.assert_close(light, light[:1].expand_as(light), atol=1e-5, rtol=0)
    expected = pixels(luminance(picture.radiance)[None])[0]
    scale = light[0].median() / expected.median()
    torch.testing.assert_close(light[0], (scale * expected).clamp(max=1), atol=2e-3, rtol=2e-2)


@pytest.mark.parametrize("step", [0, 64, 127])
def test_the_burst_shows_what_the_moving_camera_sees(empty_street: Scene, step: int) -> None:
    # Slow sampling, so that the motion over the burst is ten times the usual one.
    rate_hz, drive = 2000.0, empty_street.drive
    picture = render(empty_street, CAMERA, 6.0)
    light = burst(empty_street, picture, rate_hz)[step]
    distance_m = 6.0 + drive.speed_mps * (step - 64) / rate_hz
    true = pixels(luminance(render(empty_street, CAMERA, distance_m).radiance)[None])[0]
    true = (true * (light.mean() / true.mean())).clamp(max=1)
    still = pixels(luminance(picture.radiance)[None])[0]
    still = (still * (light.mean() / still.mean())).clamp(max=1)
    error, without = ((x - true).abs().mean() / true.mean() for x in (light, still))
    assert error < 0.1
    if step != 64:
        assert error < 0.5 * without

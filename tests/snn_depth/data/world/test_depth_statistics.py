import numpy as np
import pytest

from snn_depth.data.world.domains import sample_conditions
from snn_depth.data.world.generate import scene_camera
from snn_depth.data.world.geometry.ray_casting import cast_depth
from snn_depth.data.world.scenery.layouts import LAYOUTS
from snn_depth.data.world.scenery.street_scene import make_scene


def depth_maps(layout: str, seed: int, num_scenes: int, num_frames: int) -> np.ndarray:
    """Depth of key frames of many scenes, NaN where nothing is measured."""
    camera = scene_camera(LAYOUTS[layout], 32, 64)
    maps = []
    for index in range(num_scenes):
        rng = np.random.default_rng([seed, index])
        conditions = sample_conditions("cloudy", rng)
        scene = make_scene(LAYOUTS[layout], conditions, rng, 16.0 * num_frames)
        for k in range(num_frames):
            primitives, _ = scene.at(16.0 * k)
            maps.append(cast_depth(primitives, camera, scene.drive.pose(16.0 * k)).numpy())
    depth_m = np.array(maps)
    return np.where((depth_m >= 1) & (depth_m <= 80), depth_m, np.nan)


def abs_rel(predicted: np.ndarray, true: np.ndarray) -> float:
    """Mean over pictures of the mean over measured pixels, as the metrics do it."""
    return float(np.mean(np.nanmean(np.abs(predicted - true) / true, axis=(1, 2))))


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_depth_cannot_be_read_from_the_row(layout: str) -> None:
    train, test = depth_maps(layout, 1, 40, 2), depth_maps(layout, 2, 20, 2)
    per_row = np.nanmedian(train, axis=(0, 2))
    assert abs_rel(per_row[None, :, None], test) >= 0.35
    assert abs_rel(np.nanmedian(train), test) >= 0.45

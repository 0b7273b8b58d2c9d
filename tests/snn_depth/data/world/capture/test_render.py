import numpy as np
import pytest
import torch

from snn_depth.data.world.capture.optics import luminance, pixels
from snn_depth.data.world.capture.render import Picture, render
from snn_depth.data.world.domains import sample_conditions
from snn_depth.data.world.scenery.layouts import LAYOUTS
from snn_depth.data.world.scenery.street_scene import Scene, make_scene
from snn_depth.geometry.poses import relative_transform
from snn_depth.geometry.warp import reproject
from tests.snn_depth.data.world.conftest import CAMERA


def reproject_light(source: Picture, target: Picture) -> tuple[torch.Tensor, torch.Tensor]:
    """The target's view made from the source's light and the target's depth, and its mask.

    Pixels count where the source's own depth agrees, i.e. where the same surface is seen.
    """
    matrix, motion = CAMERA.intrinsics[None], relative_transform(source.pose, target.pose)[None]
    depth_m, source_depth_m = (
        picture.depth_m[None, None].nan_to_num(posinf=0) for picture in (target, source)
    )
    result = reproject(depth_m, matrix, matrix, motion, (CAMERA.height, CAMERA.width))
    light = pixels(luminance(source.radiance)[None])[None]
    return result.sample(light)[0, 0], result.is_seen(source_depth_m, 0.02)[0, 0]


def test_a_frame_explains_another_by_depth_and_pose(empty_street: Scene) -> None:
    first, second = (render(empty_street, CAMERA, d) for d in (2.0, 3.0))
    seen, mask = reproject_light(first, second)
    light = pixels(luminance(second.radiance)[None])[0]
    assert mask.float().mean() > 0.45
    error = (seen - light).abs()[mask].mean() / light[mask].mean()
    unmoved = pixels(luminance(first.radiance)[None])[0]
    wrong = (unmoved - light).abs()[mask].mean() / light[mask].mean()
    assert error < 0.1
    assert error < 0.45 * wrong


def test_the_picture_has_ground_below_and_sky_above(empty_street: Scene) -> None:
    picture = render(empty_street, CAMERA, 0.0)
    assert torch.isfinite(picture.radiance).all()
    assert (picture.radiance >= 0).all()
    assert torch.isfinite(picture.depth_m[-1]).all()
    assert picture.depth_m.min() > 0.3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_renders_the_same_picture() -> None:
    pictures = []
    for device in ("cpu", "cuda"):
        rng = np.random.default_rng(8)
        conditions = sample_conditions("rain", rng)
        scene = make_scene(LAYOUTS["city"], conditions, rng, 16.0, device)
        pictures.append(render(scene, CAMERA, 8.0))
    cpu, gpu = pictures
    # Rays that graze an edge may fall either way.
    different = (gpu.depth_m.cpu() / cpu.depth_m - 1).abs() > 1e-3
    assert different.float().mean() < 0.01
    assert (gpu.radiance.cpu() - cpu.radiance).abs().mean() < 0.01 * cpu.radiance.mean()

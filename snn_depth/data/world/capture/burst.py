"""Light on the spike camera's pixels, step by step, while the camera moves."""

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.data.world.capture.optics import luminance, pixels
from snn_depth.data.world.capture.render import Picture
from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.geometry.camera_motion import Drive
from snn_depth.data.world.light.rain import Rain

# Pictures between which the light is interpolated in time; nothing moves by more than about a
# quarter of a pixel from one to the next.
_NUM_PICTURES = 9
_SKY_M = 1e5


def burst_intensity(
    picture: Picture,
    radiance: Tensor,
    drive: Drive,
    conditions: Conditions,
    rain: Rain,
    *,
    distance_m: float,
    num_frames: int,
    sample_rate_hz: float,
    generator: torch.Generator,
) -> Tensor:
    """Intensity at each step of a burst around a key frame, 0..1, float32 (num_frames, H, W).

    The key frame is moved by its exact depth and the camera's exact motion. What it does not show
    is continued from the neighbourhood. Vehicles stand still for these milliseconds.

    Args:
        radiance: Light of the key frame behind the lens, (3, s*H, s*W).
        rain: Falling drops, on the finer grid.
        distance_m: Distance driven at the key frame, which is step `num_frames // 2`.
    """
    light = luminance(radiance)
    scatter = 0.85 + 0.3 * float(torch.rand((), generator=generator))
    light = light * (scatter * conditions.exposure / light.mean())
    height, width = light.shape
    step_s = (torch.arange(num_frames, dtype=torch.float64) - num_frames // 2) / sample_rate_hz
    time_s = torch.linspace(float(step_s[0]), float(step_s[-1]), _NUM_PICTURES).double()
    first, last = (
        _source_positions(picture, drive.pose(distance_m + drive.speed_mps * float(t)))
        for t in (time_s[0], time_s[-1])
    )
    # In these milliseconds the motion is straight to a thousandth of a pixel.
    share = torch.linspace(0, 1, _NUM_PICTURES, device=light.device)
    grid = torch.lerp(first, last, share[:, None, None, None])
    moved = F.grid_sample(
        light.expand(_NUM_PICTURES, 1, height, width),
        grid,
        padding_mode="border",
        align_corners=True,
    )[:, 0]
    exposure_s = float(time_s[1] - time_s[0])
    moved = torch.cat(
        [
            rain.cover(image[None], t, exposure_s)
            for image, t in zip(moved, time_s.tolist(), strict=True)
        ]
    )
    moved = pixels(moved[:, None])[:, 0].clamp(0, 1)
    return torch.einsum("tk,khw->thw", _between(step_s, time_s).to(moved), moved)


def _source_positions(picture: Picture, pose: Tensor) -> Tensor:
    """Where in the key frame each pixel of a camera at `pose` looks, for `grid_sample`."""
    camera = picture.camera
    motion = torch.linalg.inv(picture.pose) @ pose
    depth_m = picture.fine_depth_m.flatten().clamp(max=_SKY_M)
    ray = camera.directions(depth_m.device)
    point = (ray @ motion[:3, :3].T.to(ray)) * depth_m[:, None] + motion[:3, 3].to(ray)
    x, y, z = point.unbind(-1)
    column = camera.focal_length_px * x / z + camera.center_x
    row = camera.focal_length_px * y / z + camera.center_y
    grid = torch.stack([2 * column / (camera.width - 1) - 1, 2 * row / (camera.height - 1) - 1], -1)
    return grid.reshape(camera.height, camera.width, 2)


def _between(step_s: Tensor, time_s: Tensor) -> Tensor:
    """Weights (T, K) of linear interpolation in time."""
    position = (step_s - time_s[0]) / (time_s[1] - time_s[0])
    return (1 - (position[:, None] - torch.arange(len(time_s))).abs()).clamp(min=0)

"""Making a synthetic data set: one recording per scene, kept in a cache folder."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from snn_depth.data.camera import SpikeCamera, simulate_burst
from snn_depth.data.noise import SensorNoise
from snn_depth.data.recording import RecordingWriter
from snn_depth.data.world.burst import burst_light
from snn_depth.data.world.config import DOMAINS, LAYOUTS, WORLD_VERSION, WorldConfig
from snn_depth.data.world.domains import Look, sample_look
from snn_depth.data.world.exposure import light_intensity, rgb_picture, to_sensor_grid
from snn_depth.data.world.layout import LAYOUTS as SCENE_LAYOUTS
from snn_depth.data.world.layout import make_scene
from snn_depth.data.world.ray_casting import PinholeCamera
from snn_depth.data.world.render import SUPERSAMPLING, render
from snn_depth.data.world.scene import Scene
from snn_depth.data.world.weather import draw_rain, look_through_drops

__all__ = ["DOMAINS", "LAYOUTS", "WORLD_VERSION", "WorldConfig", "generate"]


def generate(
    world: WorldConfig,
    cache_dir: Path,
    *,
    num_workers: int = 1,
    progress: Callable[[int], None] = lambda scenes: None,
) -> list[Path]:
    """Make the recordings of a synthetic data set that are not in the cache yet.

    A scene depends on the settings and its number only, so neither the number of workers nor an
    interruption changes anything.

    Args:
        world: What to render.
        cache_dir: Each configuration has its own folder in it.
        num_workers: Processes that render; 1 renders in this one.
        progress: Called with the number of newly finished scenes.

    Returns:
        One recording per scene.

    Raises:
        OSError: If a recording cannot be written.
    """
    folder = Path(cache_dir) / world.folder_name
    paths = [folder / f"scene_{index:05d}.h5" for index in range(world.num_scenes)]
    missing = [index for index, path in enumerate(paths) if not path.exists()]
    progress(len(paths) - len(missing))
    if num_workers <= 1 or len(missing) <= 1:
        for index in missing:
            make_recording(world, index, paths[index])
            progress(1)
        return paths
    with ProcessPoolExecutor(
        min(num_workers, len(missing)),
        multiprocessing.get_context("spawn"),
        torch.set_num_threads,
        (1,),
    ) as pool:
        for _ in pool.map(
            make_recording, [world] * len(missing), missing, [paths[i] for i in missing]
        ):
            progress(1)
    return paths


def make_recording(world: WorldConfig, index: int, path: Path) -> None:
    """Render one scene and write its recording.

    Args:
        world: What to render.
        index: Number of the scene.
        path: File to write.
    """
    streams = np.random.SeedSequence([world.seed, index]).spawn(4)
    look_rng, scene_rng, drive_rng, weather_rng = map(np.random.default_rng, streams)
    look = sample_look(world.domain, look_rng)
    layout = SCENE_LAYOUTS[world.layout]
    route_m = world.frame_spacing_m * world.frames_per_scene
    scene = make_scene(layout, look, scene_rng, route_m)
    half_fov = np.radians(layout.horizontal_fov_deg) / 2
    focal_length_px = world.width / 2 / np.tan(half_fov)
    camera = PinholeCamera.centered(world.height, world.width, float(focal_length_px))
    noise = SensorNoise() if world.sensor == "noisy" else None
    spike_camera = SpikeCamera(sample_rate_hz=world.sample_rate_hz, noise=noise)
    with RecordingWriter(
        path,
        world.height,
        world.width,
        world.sample_rate_hz,
        burst_frames=world.num_frames,
        intrinsics=camera.intrinsics.numpy(),
        camera=spike_camera.settings() | {"world": asdict(world), "scene": index},
    ) as writer:
        distance_m = 0.0
        for k in range(world.frames_per_scene):
            _add_key_frame(writer, world, scene, camera, spike_camera, index, k, distance_m, weather_rng)
            distance_m += world.frame_spacing_m * drive_rng.uniform(0.75, 1.25)


def _add_key_frame(writer, world, scene, camera, spike_camera, index, k, distance_m, rng) -> None:
    look = scene.look
    picture = render(scene, camera, distance_m)
    image = to_sensor_grid(picture.radiance, look, SUPERSAMPLING)
    if look.lens_drops:
        drops = rng.uniform([0, 0, 0.02], [1, 1, 0.06], (look.lens_drops, 3)) * [
            world.width,
            world.height,
            world.width,
        ]
        image = look_through_drops(image, torch.from_numpy(drops))
    streaks = draw_streaks(look, world, rng)
    airlight = image.new_tensor(look.airlight)[:, None, None]
    height, width = world.height, world.width
    rainy = image
    if len(streaks):
        cover = draw_rain(height, width, streaks, 0.0)
        rainy = image + cover * (1.1 * airlight - image)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    rgb = rgb_picture(rainy, look, generator)
    intensity = light_intensity(image, look)
    bright = float(intensity.quantile(0.9))

    def weather(moved, time):
        if not len(streaks):
            return moved
        cover = draw_rain(height, width, streaks, time).numpy()
        return moved + cover * (bright - moved)

    later_m = distance_m + scene.drive.speed_mps * world.num_frames / 2 / world.sample_rate_hz
    pose, later_pose = scene.drive.pose(distance_m).numpy(), scene.drive.pose(later_m).numpy()
    light = burst_light(
        intensity.numpy(),
        picture.depth_m.numpy(),
        camera.intrinsics.numpy(),
        pose,
        later_pose,
        world.num_frames,
        weather,
    )
    seed = (world.seed, index, k)
    writer.append_spikes(simulate_burst(light, spike_camera, seed))
    depth = picture.depth_m
    measured = (depth >= world.min_depth_m) & (depth <= world.max_depth_m)
    writer.append_key_frame(
        spike_index=k * world.num_frames + world.num_frames // 2,
        timestamp_s=distance_m / scene.drive.speed_mps,
        rgb=rgb.numpy(),
        depth_m=torch.where(measured, depth, 0.0).numpy(),
        pose=pose,
    )


def draw_streaks(look: Look, world: WorldConfig, rng: np.random.Generator) -> Tensor:
    """Streaks of rain in the form of `draw_rain`, for a picture of the world's size."""
    n, scale = look.rain_streaks, world.width / 128
    columns = [
        rng.uniform(0, world.width, n),
        rng.uniform(0, world.height, n),
        scale * rng.uniform(2, 9, n),
        rng.normal(0.1, 0.05, n),
        scale * rng.uniform(0.2, 0.6, n),
        rng.uniform(0.1, 0.5, n),
        scale * rng.uniform(0.5, 3, n),
    ]
    return torch.from_numpy(np.stack(columns, axis=1)).float()

"""Making recordings of the synthetic world, in parallel, cached and resumable."""

import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from snn_depth.data.simulation.camera import SpikeCamera, simulate_burst
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.streams.recording import RecordingWriter
from snn_depth.data.world.capture.burst import burst_intensity
from snn_depth.data.world.capture.optics import develop_rgb, pixels, through_lens
from snn_depth.data.world.capture.render import render
from snn_depth.data.world.config import WORLD_VERSION, WorldConfig
from snn_depth.data.world.domains import sample_conditions
from snn_depth.data.world.geometry.ray_casting import PinholeCamera
from snn_depth.data.world.light.rain import Rain
from snn_depth.data.world.scenery.layouts import LAYOUTS, Layout
from snn_depth.data.world.scenery.street_scene import make_scene

# Key frames that are made sooner than a process starts and imports torch.
_MIN_SHARE = 100
# Gain of the dim sensor: with it a mean pixel fires about four times in 128 frames.
_DIM_GAIN = 1 / 8
# Shutter of the RGB camera, which rain draws streaks in.
_RGB_EXPOSURE_S = 8e-3

__all__ = ["WORLD_VERSION", "WorldConfig", "generate"]


def generate(
    config: WorldConfig,
    cache_dir: Path | str,
    *,
    num_workers: int = 2,
    device: str = "cpu",
    progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Make the recordings of a configuration, or find those already made; one per scene, in order.

    A scene is determined by the configuration's seed and the scene's number alone. Recordings
    are written under a temporary name, so what is found is complete and a killed run goes on
    where it stopped.

    Args:
        num_workers: Processes at the most, one thread each; with 0 or 1, or for few key frames,
            this process does the work.
        device: Where it is rendered. Pictures from another kind of device differ in rounding.
        progress: Called with the number of scenes done since the last call.
    """
    folder = Path(cache_dir) / config.cache_name()
    paths = [folder / f"scene_{index:05d}.h5" for index in range(config.num_scenes)]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    advance = progress or (lambda steps: None)
    if len(missing) < len(paths):
        advance(len(paths) - len(missing))
    num_workers = min(
        num_workers, len(missing), len(missing) * config.frames_per_scene // _MIN_SHARE
    )
    if num_workers > 1:
        _generate_in_parallel(config, paths, missing, num_workers, device, advance)
    else:
        with _one_thread():
            for index in missing:
                make_recording(config, index, paths[index], device)
                advance(1)
    return paths


def make_recording(config: WorldConfig, index: int, path: Path, device: str = "cpu") -> None:
    """Make the recording of the scene with a number."""
    # The street does not depend on the weather's draws: domains of one seed share their streets.
    rng, conditions_rng, lens_rng = np.random.default_rng([config.seed, index]).spawn(3)
    layout = LAYOUTS[config.layout]
    conditions = sample_conditions(config.domain, conditions_rng)
    route_m = config.frame_spacing_m * (config.frames_per_scene - 1)
    scene = make_scene(layout, conditions, rng, route_m, device)
    camera = scene_camera(layout, config.height, config.width)
    spike_camera = SpikeCamera(
        gain=_DIM_GAIN if config.sensor == "dim" else 1.0,
        sample_rate_hz=config.sample_rate_hz,
        noise=None if config.sensor == "ideal" else SensorNoise(),
    )
    with RecordingWriter(
        path,
        config.height,
        config.width,
        config.sample_rate_hz,
        burst_frames=config.num_frames,
        intrinsics=camera.intrinsics.numpy(),
        camera=spike_camera.settings() | {"world": asdict(config), "scene": index},
    ) as writer:
        for k in range(config.frames_per_scene):
            distance_m = k * config.frame_spacing_m
            picture = render(scene, camera, distance_m)
            generator = torch.Generator().manual_seed(int(lens_rng.integers(2**62)))
            radiance = through_lens(picture.radiance, conditions, generator)
            rain = Rain.draw(conditions.rain_drops, picture.camera, generator)
            exposed = rain.cover(radiance, 0.0, _RGB_EXPOSURE_S)
            rgb = develop_rgb(pixels(exposed), conditions, generator)
            intensity = burst_intensity(
                picture,
                radiance,
                scene.drive,
                conditions,
                rain,
                distance_m=distance_m,
                num_frames=config.num_frames,
                sample_rate_hz=config.sample_rate_hz,
                generator=generator,
            )
            spikes = simulate_burst(intensity.cpu().numpy(), spike_camera, [config.seed, index, k])
            depth_m = picture.depth_m.cpu().numpy()
            measured = (depth_m >= config.min_depth_m) & (depth_m <= config.max_depth_m)
            writer.append_spikes(spikes)
            writer.append_key_frame(
                rgb=rgb.cpu().numpy(),
                depth_m=np.where(measured, depth_m, 0).astype(np.float32),
                pose=picture.pose.numpy(),
                timestamp_s=distance_m / scene.drive.speed_mps,
                spike_index=k * config.num_frames + config.num_frames // 2,
            )


def scene_camera(layout: Layout, height: int, width: int) -> PinholeCamera:
    """The camera of a layout for a size of picture; its field of view across stays."""
    half_angle = math.radians(layout.horizontal_fov_deg / 2)
    return PinholeCamera.centered(height, width, width / 2 / math.tan(half_angle))


def _generate_in_parallel(
    config: WorldConfig,
    paths: list[Path],
    missing: list[int],
    num_workers: int,
    device: str,
    advance: Callable[[int], None],
) -> None:
    # Forked processes would inherit threads and locks of torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_workers, context, torch.set_num_threads, (1,)) as pool:
        jobs = [
            pool.submit(make_recording, config, index, paths[index], device) for index in missing
        ]
        try:
            for job in as_completed(jobs):
                job.result()
                advance(1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums of torch depend on its number of threads; recordings must not."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)

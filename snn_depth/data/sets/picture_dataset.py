"""Pictures of a real camera as a data set of spikes, simulated on first use."""

from pathlib import Path
from typing import Literal

import numpy as np

from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.light import Interpolation
from snn_depth.data.simulation.noise import sensor_noise
from snn_depth.data.simulation.picture_frames import open_pictures
from snn_depth.data.simulation.run_jobs import record_missing
from snn_depth.data.simulation.simulation_job import SimulationJob
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.files.digest import json_sha256


class PictureDataset(RecordingDataset):
    """What a spike camera would have seen where a sequence of pictures was taken.

    The whole sequence is simulated once, as `snn_depth.simulate` does it, and kept in a cache
    folder; data sets that differ only in `frames` share that recording. Samples are those of
    `RecordingDataset`, with the pictures and, where given, their depth.

    Args:
        folder: Folder of the sequence.
        pictures: Its folder of images, or a video file, relative to `folder`.
        image_pattern: Glob pattern of the images, such as '*.color.jpg'.
        frames: First and last picture that count, from 0; by default all.
        size: Height and width of the sensor in pixels; by default the pictures' own.
        frame_rate_hz: Pictures per second.
        depth: Folder with one depth map per picture, relative to `folder`.
        depth_pattern: Glob pattern of the depth maps, such as '*.depth.png'.
        depth_scale: Metres per stored unit, such as 1/256.
        poses: Camera-to-world poses as `read_poses` takes them, relative to `folder`.
        intrinsics: fx,fy,cx,cy in pixels of the pictures, or a text file with a 3x3 matrix,
            relative to `folder`.
        interpolation: Light between pictures: flow, depth (needs depth and poses) or none.
        gamma: Exponent that turns picture values into light.
        gain: Charge per spike frame at full brightness, in thresholds: spikes per frame of white.
        noise: Noise of the sensor: none, model, or the path of an `.npz` with measured maps.
        sample_rate_hz: Spike frames per second.
        num_frames: Spike frames around each picture.
        num_bins: Time bins per window.
        seed: Seed of the initial charge and of the noise.
        cache_dir: Where the recordings are kept.

    Raises:
        ValueError: When pictures, depth or poses are damaged or differ in number, or a setting is
            out of range.
        OSError: When a file or folder is missing, or the cache cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        pictures: str = ".",
        image_pattern: str = "*",
        frames: tuple[int, int] | None = None,
        size: tuple[int, int] | None = None,
        frame_rate_hz: float = 30.0,
        depth: str | None = None,
        depth_pattern: str = "*",
        depth_scale: str | None = None,
        poses: str | None = None,
        intrinsics: str | None = None,
        interpolation: Interpolation = "flow",
        gamma: float = 2.2,
        gain: float = 1.0,
        noise: Literal["none", "model"] | Path = "none",
        sample_rate_hz: float = 20_000.0,
        num_frames: int = 128,
        num_bins: int = 8,
        seed: int = 0,
        cache_dir: str = "data_cache",
    ) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise FileNotFoundError(f"folder not found: {folder}; get the data or name its folder")
        if intrinsics is not None and (root / intrinsics).is_file():
            intrinsics = str(root / intrinsics)
        found = open_pictures(
            root / pictures,
            image_pattern,
            depth=None if depth is None else root / depth,
            depth_pattern=depth_pattern,
            depth_scale=depth_scale,
            poses=None if poses is None else root / poses,
        )
        sequence = found.sequence(frame_rate_hz, intrinsics)
        simulation = SpikeSimulation(
            SpikeCamera(gain, sample_rate_hz=sample_rate_hz, noise=sensor_noise(str(noise))),
            burst_frames=num_frames,
            interpolation=interpolation,
            gamma=gamma,
            size=size,
        )
        # Files count by name and size, not by where they lie: the noise is seeded by the
        # recording's name and so is the same on every machine.
        described = {
            "record": simulation.record() | sequence.record() | {"seed": [seed]},
            "poses": None if found.poses is None else np.stack(found.poses).tolist(),
            "files": [(path.name, path.stat().st_size) for path in found.files],
        }
        name = f"pictures-{root.resolve().name}-{json_sha256(described)[:12]}.h5"
        job = SimulationJob(sequence, simulation, Path(cache_dir) / name, seed)
        record_missing([job], num_workers=1, title=root.name)
        super().__init__(job.output, num_frames, num_bins, key_frames=frames)

"""Pictures of a real camera as a data set of spikes, simulated on first use."""

from collections.abc import Sequence
from pathlib import Path

from snn_depth.command.progress import progress_bar
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.depth_maps import DEPTH_SUFFIXES, parse_depth_scale
from snn_depth.data.simulation.noise import sensor_noise
from snn_depth.data.simulation.scene import Interpolation
from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.simulation_jobs import Job
from snn_depth.data.simulation.video import ImageFolder, open_pictures
from snn_depth.data.simulation.video_to_spikes import VideoToSpikes
from snn_depth.files.digest import json_sha256
from snn_depth.files.listing import list_files
from snn_depth.geometry.intrinsics import read_intrinsics
from snn_depth.geometry.poses import read_poses


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
        folder: str,
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
        noise: str = "none",
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
        sequence = PictureSequence(
            open_pictures(root / pictures, image_pattern),
            frame_rate_hz,
            None if depth is None else list_files(root / depth, depth_pattern, DEPTH_SUFFIXES),
            None if depth_scale is None else parse_depth_scale(depth_scale),
            None if poses is None else read_poses(root / poses),
            None if intrinsics is None else read_intrinsics(intrinsics),
        )
        settings = VideoToSpikes(
            SpikeCamera(gain, sample_rate_hz=sample_rate_hz, noise=sensor_noise(noise)),
            burst_frames=num_frames,
            interpolation=interpolation,
            gamma=gamma,
            size=size,
        )
        name = f"pictures-{root.resolve().name}-{cache_key(sequence, settings, seed)}.h5"
        job = Job(sequence, Path(cache_dir) / name, settings, seed)
        if not job.is_finished():
            total = settings.num_spike_frames(sequence)
            with progress_bar(f"spikes of {root.name}", total) as advance:
                job.run(advance)
        super().__init__(job.output, num_frames, num_bins, key_frames=frames)


def cache_key(sequence: PictureSequence, settings: VideoToSpikes, seed: int) -> str:
    """A short text that changes with whatever a simulated recording depends on.

    Files count by name and size, not by where they lie, so that the noise, which is seeded by the
    recording's name, is the same on every machine.

    Args:
        sequence: The pictures.
        settings: How they are simulated.
        seed: Seed of the simulation.

    Returns:
        Twelve hexadecimal digits.
    """
    pictures = sequence.pictures
    files: Sequence[Path] = pictures.files if isinstance(pictures, ImageFolder) else [pictures.path]
    described = {
        "record": settings.record(sequence, [seed]),
        "poses": None if sequence.poses is None else sequence.poses.tolist(),
        "files": [
            (path.name, path.stat().st_size) for path in (*files, *(sequence.depth_paths or ()))
        ],
    }
    return json_sha256(described)[:12]

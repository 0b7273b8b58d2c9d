"""`python -m snn_depth.simulate`: pictures or a video -> the spikes that a spike camera gives."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from snn_depth.command.exit import run_command
from snn_depth.command.picture_size import parse_size
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.depth_maps import DEPTH_SUFFIXES, parse_depth_scale
from snn_depth.data.simulation.noise import sensor_noise
from snn_depth.data.simulation.scene import Interpolation
from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.simulation_jobs import (
    RECORDING_SUFFIXES,
    STREAM_SUFFIXES,
    Job,
    run_jobs,
)
from snn_depth.data.simulation.video import find_sequences, open_pictures
from snn_depth.data.simulation.video_to_spikes import VideoToSpikes
from snn_depth.files.listing import list_files
from snn_depth.geometry.intrinsics import read_intrinsics
from snn_depth.geometry.poses import read_poses

_DEFAULT_FRAME_RATE_HZ = 30.0


def simulate(
    input_path: Path,
    output_path: Path,
    *,
    frame_rate_hz: float | None = None,
    burst_frames: int = 128,
    size: str | None = None,
    interpolation: Interpolation = "flow",
    gain: float = 1.0,
    v_threshold: float = 1.0,
    noise: str = "none",
    sample_rate_hz: float = 20000.0,
    gamma: float = 2.2,
    image_pattern: str = "*",
    depth_folder: Path | None = None,
    depth_pattern: str = "*",
    depth_scale: str | None = None,
    poses: Path | None = None,
    intrinsics: str | None = None,
    seed: int = 0,
    num_workers: int = 1,
    overwrite: bool = False,
) -> None:
    """Simulate a spike camera that looks at pictures or a video; finished outputs are skipped.

    The recording holds a burst of spike frames around each picture, the pictures themselves and,
    where given, their depth, poses and intrinsics.

    Args:
        input_path: A folder of images, a video file, or a folder with several of either.
        output_path: Recording to write (.h5); .dat, .npy and .npz keep the spikes only. A folder
            when there are several sequences.
        frame_rate_hz: Pictures per second. By default what the video file says; 30 for images.
        burst_frames: Spike frames around each picture, the window that a depth network reads;
            0 = one continuous stream from the first picture to the last.
        size: Size of the sensor, HEIGHTxWIDTH. Pictures are averaged down to it; depth is taken at
            the pixel centre, else the nearest return in the pixel. By default the pictures' own.
        interpolation: Light between pictures. flow: along optical flow; depth: reprojected with
            depth and poses (static scenes only); none: the nearest picture, standing still.
        gain: Charge per step at full brightness; at most v_threshold.
        v_threshold: Firing threshold. White gives gain / v_threshold spikes per step.
        noise: none; model (statistics measured on a spike camera); or the path of an .npz with a
            sensor's measured maps Nd, Nl, D_light.
        sample_rate_hz: Spike frames per second.
        gamma: Exponent that turns picture values into light, to which the sensor is linear. 1
            takes the values as they are, as most published simulators do.
        image_pattern: Glob pattern of the images in a sequence's folder, such as '*.color.jpg'.
        depth_folder: Folder with one depth map per picture (.png .pgm .tif .npy; 0 = not
            measured). With several sequences, relative to each sequence's folder.
        depth_pattern: Glob pattern of the depth maps in it, such as '*.depth.png'.
        depth_scale: Metres per stored unit. KITTI 1/256, 7-Scenes and NYUv2 1/1000, TUM 1/5000,
            Virtual KITTI 1/100.
        poses: Camera-to-world poses. A text file with 12 or 16 numbers per line, one line per
            picture; or a folder of *pose*.txt. With several sequences as depth_folder.
        intrinsics: fx,fy,cx,cy in pixels of the pictures, or a text file with a 3x3 matrix.
        seed: Seed of the initial charge and of the noise.
        num_workers: Processes that simulate sequences at the same time.
        overwrite: Make finished outputs again.
    """
    # The decoder's own complaints would surround our one line about a damaged video.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    console = Console(highlight=False)
    settings = VideoToSpikes(
        camera=SpikeCamera(gain, v_threshold, sample_rate_hz, sensor_noise(noise)),
        burst_frames=burst_frames,
        interpolation=interpolation,
        gamma=gamma,
        size=None if size is None else parse_size(size),
    )
    metres_per_unit = None if depth_scale is None else parse_depth_scale(depth_scale)
    matrix = None if intrinsics is None else read_intrinsics(intrinsics)
    paths = find_sequences(input_path, image_pattern)
    several = paths != [input_path]

    jobs = []
    for path, output in zip(paths, _outputs(paths, output_path, several), strict=True):
        pictures = open_pictures(path, image_pattern)
        rate_hz = pictures.frame_rate_hz if frame_rate_hz is None else frame_rate_hz
        if rate_hz is None:
            rate_hz = _DEFAULT_FRAME_RATE_HZ
            console.print(f"{path.name}: {rate_hz:g} pictures per second assumed")
        base = path if several else Path()
        depth_paths = None
        if depth_folder is not None:
            depth_paths = list_files(base / depth_folder, depth_pattern, DEPTH_SUFFIXES)
        matrices = None if poses is None else read_poses(base / poses)
        sequence = PictureSequence(
            pictures, rate_hz, depth_paths, metres_per_unit, matrices, matrix
        )
        job = Job(sequence, output, settings, seed)
        if overwrite or not job.is_finished():
            jobs.append(job)
        else:
            console.print(f"{output} is finished: skipped (--overwrite makes it again)")

    errors = _run_with_progress(jobs, num_workers, console)
    for job in jobs:
        if job.output not in errors:
            console.print(f"wrote {job.output}")
    if errors:
        lines = [
            f"{output.name}: {error}" if several else error for output, error in errors.items()
        ]
        raise ValueError("; ".join(lines))


def _run_with_progress(jobs: Sequence[Job], num_workers: int, console: Console) -> dict[Path, str]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("spike frames"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = [
            progress.add_task(job.output.stem, total=job.settings.num_spike_frames(job.sequence))
            for job in jobs
        ]
        return run_jobs(jobs, num_workers, lambda number, n: progress.advance(tasks[number], n))


def _outputs(paths: Sequence[Path], output_path: Path, several: bool) -> list[Path]:
    accepted = RECORDING_SUFFIXES | STREAM_SUFFIXES
    if output_path.suffix in accepted:
        if several:
            raise ValueError(
                f"there are {len(paths)} sequences; the output must be a folder, not {output_path}"
            )
        return [output_path]
    if output_path.suffix and not output_path.is_dir():
        raise ValueError(f"cannot write {output_path}; accepted: {' '.join(sorted(accepted))}")
    names = [path.stem if path.is_file() else path.resolve().name for path in paths]
    outputs = [output_path / f"{name}.h5" for name in names]
    if len(set(outputs)) < len(outputs):
        raise ValueError(f"several sequences in {paths[0].parent} have the same name")
    return outputs


if __name__ == "__main__":
    run_command(simulate)

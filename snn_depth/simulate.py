"""`python -m snn_depth.simulate`: pictures or a video -> the spikes that a spike camera gives."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from snn_depth.command.exit import run_command
from snn_depth.command.picture_size import parse_size
from snn_depth.command.shard import Shard
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.light import Interpolation
from snn_depth.data.simulation.noise import sensor_noise
from snn_depth.data.simulation.picture_frames import open_pictures
from snn_depth.data.simulation.run_jobs import run_jobs
from snn_depth.data.simulation.simulation_job import (
    RECORDING_SUFFIXES,
    STREAM_SUFFIXES,
    SimulationJob,
)
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.data.simulation.video import find_sequences

_DEFAULT_FRAME_RATE_HZ = 30.0
_MAX_NAMES = 10


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
    shard: str = "1/1",
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
        shard: This machine's share of several sequences, i/n: with 1/4 to 4/4, four machines
            together make the files of one run.
        overwrite: Make finished outputs again.
    """
    # The decoder's own complaints would surround our one line about a damaged video.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    console = Console(highlight=False)
    share = Shard.parse(shard)
    simulation = SpikeSimulation(
        SpikeCamera(gain, v_threshold, sample_rate_hz, sensor_noise(noise)),
        burst_frames=burst_frames,
        interpolation=interpolation,
        gamma=gamma,
        size=None if size is None else parse_size(size),
    )
    paths = find_sequences(input_path, image_pattern)
    several = paths != [input_path]
    outputs = _outputs(paths, output_path, several)
    _print_share(console, share, [output.stem for output in outputs])

    jobs = []
    for path, output in share.of(list(zip(paths, outputs, strict=True))):
        base = path if several else Path()
        pictures = open_pictures(
            path,
            image_pattern,
            depth=None if depth_folder is None else base / depth_folder,
            depth_pattern=depth_pattern,
            depth_scale=depth_scale,
            poses=None if poses is None else base / poses,
        )
        rate_hz = pictures.declared_rate_hz if frame_rate_hz is None else frame_rate_hz
        if rate_hz is None:
            rate_hz = _DEFAULT_FRAME_RATE_HZ
            console.print(f"{path.name}: {rate_hz:g} pictures per second assumed")
        job = SimulationJob(pictures.sequence(rate_hz, intrinsics), simulation, output, seed)
        if output.exists() and not overwrite:
            job.check_settings()
            console.print(f"{output} is finished: skipped (--overwrite makes it again)")
        else:
            jobs.append(job)

    title = "spikes" if several else f"spikes of {input_path.name}"
    errors = run_jobs(jobs, num_workers, title)
    for job in jobs:
        if job.output not in errors:
            console.print(f"wrote {job.output}")
    if errors:
        lines = [
            f"{output.name}: {error}" if several else error for output, error in errors.items()
        ]
        raise ValueError("; ".join(lines))


def _print_share(console: Console, share: Shard, names: Sequence[str]) -> None:
    own = set(share.of(names))
    if left := [name for name in names if name not in own]:
        listed = ", ".join(left[:_MAX_NAMES]) + (", ..." if len(left) > _MAX_NAMES else "")
        console.print(
            f"shard {share.index}/{share.count}: {len(own)} of {len(names)} sequences; "
            f"left for the other shards: {listed}"
        )


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

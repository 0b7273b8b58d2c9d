"""Depth from a spike recording: `python -m snn_depth.predict RECORDING --output DIR`."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console

from snn_depth.command.device import choose_device
from snn_depth.command.exit import run_command
from snn_depth.command.progress import progress_bar
from snn_depth.command.table import Column, Table
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.data.streams.exposure import auto_expose
from snn_depth.data.streams.spike_file_options import DEFAULT_OPTIONS, SpikeFileOptions
from snn_depth.data.streams.spike_stream import SpikeStream, open_spikes
from snn_depth.data.streams.windows import recorded_bursts_and_intrinsics, window_starts
from snn_depth.evaluation.network_predictor import run_network
from snn_depth.evaluation.visualization import DepthPicture, save_gif
from snn_depth.files.depth_images import DepthStackWriter, png_scale, write_depth_png
from snn_depth.files.digest import file_sha256
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.geometry.canonical_camera import CanonicalCamera
from snn_depth.geometry.intrinsics import known_focal_lengths_px
from snn_depth.training.checkpoint import LoadedNetwork, load_network

SCHEMA_VERSION = 1
META_FILE = "meta.json"
MAX_GIF_PICTURES = 200


def predict(
    recording: Path,
    *,
    checkpoint: Path = SHIPPED_NETWORK,
    output: Path,
    stride_frames: int | None = None,
    focal_length_px: float | None = None,
    intrinsics: str | None = None,
    file_options: SpikeFileOptions = DEFAULT_OPTIONS,
    device: str = "auto",
) -> None:
    """Predict depth from a spike recording of any size and length.

    The recording is cut into windows of as many frames as the network was trained with, and each
    gives one depth map. The output folder then holds

      depth_m.npy       float32 (windows, H, W), metres
      depth_png/        one 16-bit picture per window; see meta.json for the unit
      pictures/         spikes and coloured depth side by side
      depth.gif         the same as an animation
      meta.json         units, camera, network, settings, and figures of every window

    An earlier prediction in the same folder is replaced, and only by a complete one.

    Args:
        recording: Spike recording (.dat, .npy, .npz, .h5).
        checkpoint: Network (*.safetensors); by default the one that ships with the project.
        output: Folder to write.
        stride_frames: Frames from one window to the next; by default windows do not overlap.
        focal_length_px: Focal length of the spike camera in pixels of the recording. With it (or
            --intrinsics, or a recording that knows) metres hold for this camera; without it
            they assume the training camera.
        intrinsics: fx,fy,cx,cy in pixels of the recording, or a text file with a 3x3 matrix.
        file_options: What the file does not say.
        device: auto, cpu, cuda or another torch device.
    """
    output = output.resolve()
    _refuse_foreign_folder(output)
    loaded = load_network(checkpoint)
    if not loaded.network.reads_spikes:
        raise ValueError(f"{checkpoint} reads {loaded.network.input_key!r}, not spikes")
    loaded.network.to(choose_device(device))
    console = Console()
    with open_spikes(recording, file_options) as stream:
        burst_frames, recorded_intrinsics = recorded_bursts_and_intrinsics(recording)
        starts = window_starts(
            stream.num_frames, loaded.data.num_frames, stride_frames, burst_frames=burst_frames
        )
        focal_lengths_px = known_focal_lengths_px(focal_length_px, intrinsics, recorded_intrinsics)
        camera = loaded.data.canonical_camera(stream.height, stream.width, focal_lengths_px)
        if note := loaded.data.other_rate(stream.sample_rate_hz):
            console.print(f"[yellow]warning:[/] {note}")
        meta: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "depth_npy_unit": "metres",
            "depth_png_unit": "metres = stored value / depth_png_scale; 0 = no depth",
            "depth_png_scale": png_scale(loaded.network.depth_range.max_depth_m),
            "recording": recording.name,
            "sample_rate_hz": stream.sample_rate_hz,
            "focal_lengths_px": focal_lengths_px,
            "camera": camera.describe(),
            "metres_hold_for_this_camera": camera.is_metric,
            "checkpoint": checkpoint.name,
            "checkpoint_sha256": file_sha256(checkpoint),
            "checkpoint_provenance": loaded.provenance,
            "trained_for": asdict(loaded.data),
        }
        with _complete_folder(output) as folder:
            meta["windows"] = write_windows(folder, stream, starts, loaded, camera)
            (folder / META_FILE).write_text(json.dumps(meta, indent=2) + "\n")
    console.print(_summary(meta["windows"], output).to_rich())
    console.print(f"camera: {camera.describe()}")


def write_windows(
    folder: Path,
    stream: SpikeStream,
    starts: Sequence[int],
    loaded: LoadedNetwork,
    camera: CanonicalCamera,
) -> list[dict[str, Any]]:
    """Predict window after window into an empty folder: all files but the description.

    Returns:
        Figures of each window, by the numbers of their first frames.
    """
    depth_range = loaded.network.depth_range
    scale = png_scale(depth_range.max_depth_m)
    picture = DepthPicture(
        stream.height,
        stream.width,
        min_depth_m=depth_range.min_depth_m,
        max_depth_m=depth_range.max_depth_m,
    )
    (folder / "depth_png").mkdir()
    (folder / "pictures").mkdir()
    windows: list[dict[str, Any]] = []
    stack_shape = (len(starts), stream.height, stream.width)
    with (
        DepthStackWriter(folder / "depth_m.npy", stack_shape) as stack,
        progress_bar("predicting depth", len(starts)) as advance,
    ):
        for index, start in enumerate(starts):
            frames = stream[start : start + loaded.data.num_frames]
            counts = torch.from_numpy(bin_spikes(frames, loaded.data.num_bins))[:, None, None]
            prediction = run_network(loaded.network, counts, camera)
            depth_m = prediction.depth_m[0, 0].numpy()
            stack.append(depth_m)
            name = f"{index:06d}.png"
            write_depth_png(folder / "depth_png" / name, depth_m, scale)
            time_s = start / stream.sample_rate_hz
            texture = auto_expose(counts.sum(0))[0, 0].numpy()
            drawn = picture.render(texture, depth_m, f"frame {start}, {1e3 * time_s:.2f} ms")
            Image.fromarray(drawn).save(folder / "pictures" / name)
            rates = {k: round(v.item(), 5) for k, v in prediction.firing_rates.items()}
            windows.append(
                {
                    "file": name,
                    "start_frame": start,
                    "start_time_s": time_s,
                    "depth_min_m": float(depth_m.min()),
                    "depth_median_m": float(np.median(depth_m)),
                    "depth_max_m": float(depth_m.max()),
                    "firing_rates": rates,
                }
            )
            advance(1)
    shown = windows[:: -(-len(windows) // MAX_GIF_PICTURES)]
    pictures = (np.asarray(Image.open(folder / "pictures" / w["file"])) for w in shown)
    save_gif(folder / "depth.gif", pictures)
    return windows


def _summary(windows: list[dict[str, Any]], output: Path) -> Table:
    rates = [r for w in windows for r in w["firing_rates"].values()]
    lines = {
        "windows": str(len(windows)),
        "nearest depth": f"{min(w['depth_min_m'] for w in windows):.2f} m",
        "median of window medians": f"{np.median([w['depth_median_m'] for w in windows]):.2f} m",
        "farthest depth": f"{max(w['depth_max_m'] for w in windows):.2f} m",
        "mean firing rate": f"{np.mean(rates):.1%}" if rates else "none: the network has no spikes",
    }
    return Table(str(output), ["", Column("", "left")], list(lines.items()))


def _refuse_foreign_folder(output: Path) -> None:
    """Replace nothing but an earlier prediction."""
    if output.exists() and not output.is_dir():
        raise ValueError(f"output {output} is a file; expected a folder")
    if output.is_dir() and any(output.iterdir()) and not (output / META_FILE).is_file():
        raise ValueError(f"output folder {output} holds other files; choose an empty or new one")


@contextmanager
def _complete_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` on a clean exit only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.partial.") as temporary:
        folder = Path(temporary) / "new"
        folder.mkdir()
        yield folder
        if target.exists():
            os.replace(target, Path(temporary) / "old")
        os.replace(folder, target)


if __name__ == "__main__":
    run_command(predict)

"""Recordings of every way from pictures to spikes, bit for bit as they were in version 0.1.

The digests in `golden_spikes.json` were made by the code before `SpikeSimulation` existed. A
recording's name is part of them: caches that users have must be found again.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from snn_depth.data.sets.picture_dataset import PictureDataset
from snn_depth.data.sets.public import (
    DrivingStereo,
    DrivingStereoWeather,
    KittiRaw,
    NyuV2,
    VirtualKitti2,
)
from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import open_spikes
from snn_depth.simulate import simulate
from tests.snn_depth.data.sets.public import trees

GOLDEN = Path(__file__).with_name("golden_spikes.json")
SMALL: dict[str, Any] = {"crop": None, "num_frames": 16, "num_bins": 2, "sample_rate_hz": 400.0}
WITH_DEPTH: dict[str, Any] = {
    "depth_folder": Path("depth"),
    "poses": Path("poses.txt"),
    "intrinsics": "30,30,16,12",
}


def drive(folder: Path, num_pictures: int = 4) -> Path:
    """A texture that moves, with depth and poses, in formats of which every byte is known."""
    (folder / "depth").mkdir(parents=True)
    x, y = np.meshgrid(np.arange(32), np.arange(24))
    poses = []
    for k in range(num_pictures):
        grey = 128 + 100 * np.sin(0.4 * (x - 2 * k)) * np.cos(0.3 * y)
        rgb = np.stack([grey, 255 - grey, 0.5 * grey], axis=-1).astype(np.uint8)
        Image.fromarray(rgb).save(folder / f"{k}.bmp")
        np.save(folder / "depth" / f"{k}.npy", (2 + 0.1 * k + 0.02 * y).astype(np.float32))
        pose = np.eye(4)[:3]
        pose[:, 3] = 0.05 * k, 0, 0.1 * k
        poses.append(pose.ravel())
    np.savetxt(folder / "poses.txt", poses)
    return folder


def drives(folder: Path) -> Path:
    for name in ("a", "b"):
        drive(folder / name, 3)
    return folder


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (48, 32))
    x, y = np.meshgrid(np.arange(48), np.arange(32))
    for k in range(5):
        grey = (128 + 100 * np.sin(0.3 * (x - 3 * k)) * np.cos(0.2 * y)).astype(np.uint8)
        writer.write(np.stack([grey] * 3, axis=-1))
    writer.release()
    return path


def simulated(make: Callable[[Path], Path], output: str = "a.h5", **options: Any) -> Any:
    def run(folder: Path) -> Path:
        source = make(folder / "in" / "drive" if make is not video else folder / "in/clip.avi")
        for name in ("depth_folder", "poses"):
            if name in options and make is not drives:
                options[name] = source / options[name]
        simulate(source, folder / "out" / output, **{"burst_frames": 16} | options)
        return folder / "out"

    return run


def pictures(**options: Any) -> Any:
    def run(folder: Path) -> Path:
        root, cache = str(drive(folder / "drive")), str(folder / "cache")
        PictureDataset(root, num_frames=16, num_bins=2, cache_dir=cache, **options)
        return folder / "cache"

    return run


def public(kind: Any, make: Callable[[Path], Path], **options: Any) -> Any:
    def run(folder: Path) -> Path:
        kind(make(folder / "root"), cache_dir=str(folder / "cache"), **SMALL | options)
        return folder / "cache"

    return run


CASES: dict[str, Callable[[Path], Path]] = {
    "simulate, bursts": simulated(drive),
    "simulate, odd burst at a rate that does not divide": simulated(
        drive, frame_rate_hz=300.0, burst_frames=21
    ),
    "simulate, noise, size, gain, gamma, seed": simulated(
        drive, noise="model", size="12x20", gain=0.5, v_threshold=0.8, gamma=1.0, seed=3
    ),
    "simulate, continuous": simulated(drive, burst_frames=0, frame_rate_hz=300.0),
    "simulate, continuous, noise": simulated(
        drive, burst_frames=0, frame_rate_hz=299.7, noise="model"
    ),
    "simulate, depth and poses": simulated(
        drive, interpolation="depth", frame_rate_hz=500.0, **WITH_DEPTH
    ),
    "simulate, standing still": simulated(drive, interpolation="none", size="12x20"),
    "simulate, one picture": simulated(lambda folder: drive(folder, 1)),
    "simulate, video": simulated(video, sample_rate_hz=1000.0, size="24x36"),
    "simulate, continuous video": simulated(video, burst_frames=0, sample_rate_hz=1000.0),
    "simulate, bare spikes": simulated(drive, "a.dat", noise="model"),
    "simulate, several sequences": simulated(drives, "", frame_rate_hz=500.0, **WITH_DEPTH),
    "PictureDataset": pictures(),
    "PictureDataset, noise, depth, poses": pictures(
        noise="model",
        interpolation="depth",
        size=(12, 16),
        gain=0.6,
        depth="depth",
        poses="poses.txt",
        intrinsics="30,30,16,12",
        frame_rate_hz=500.0,
        seed=2,
    ),
    "KITTI": public(KittiRaw, trees.make_kitti_raw),
    "KITTI, noisy, cropped": public(
        KittiRaw, trees.make_kitti_raw, sensor="noisy", crop=(20, 36), size=(10, 18)
    ),
    "Virtual KITTI 2": public(VirtualKitti2, trees.make_virtual_kitti2, scenes=["Scene01"]),
    "Virtual KITTI 2, depth": public(
        VirtualKitti2,
        trees.make_virtual_kitti2,
        scenes=["Scene01"],
        interpolation="depth",
        size=None,
        max_depth_m=2.5,
    ),
    "DrivingStereo": public(DrivingStereo, trees.make_driving_stereo),
    "DrivingStereo weather": public(
        DrivingStereoWeather, trees.make_weather, weathers=["sunny", "rainy"], sensor="noisy"
    ),
    "NYU, labelled": public(NyuV2, trees.make_nyu_labelled, split="train"),
    "NYU, folders": public(NyuV2, trees.make_nyu_folders, split="train", source="folders"),
}


def digests(folder: Path) -> dict[str, str]:
    """One digest per file: of its spikes and of what belongs to them, but the intrinsics."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): _digest(path) for path in files}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    if path.suffix != ".h5":
        with open_spikes(path, SpikeFileOptions(height=24, width=32)) as stream:
            digest.update(np.ascontiguousarray(stream[:]).tobytes())
        return digest.hexdigest()[:16]
    with Recording.open(path) as recording:
        digest.update(f"{recording.spikes.shape} {recording.burst_frames}".encode())
        digest.update(np.ascontiguousarray(recording.spikes[:]).tobytes())
        for k in range(recording.num_key_frames):
            digest.update(f"{recording.spike_index(k)} {recording.timestamp_s(k)!r}".encode())
            for part in (recording.rgb(k), recording.depth_m(k), recording.pose(k)):
                digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("name", CASES)
def test_spikes_and_names_are_as_before(name: str, tmp_path: Path) -> None:
    assert digests(CASES[name](tmp_path)) == json.loads(GOLDEN.read_text())[name]

"""Recordings with key frames as samples for training and evaluation."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.sample import Sample
from snn_depth.data.sets.key_frame import read_sample
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.recording import Recording
from snn_depth.geometry.poses import relative_transform

logger = logging.getLogger(__name__)
MAX_FRAMES_PER_BIN = 255  # counts are kept in one byte


class RecordingDataset(Dataset[Sample]):
    """Every key frame of some recordings that has a whole window of spikes around it.

    A sample has the view "spikes" and, where the recording has pictures, "rgb", of the same pixels:
    both hold the same depth and intrinsics, where the recording has them.

    Args:
        paths: Recording files, or folders in which all `*.h5` files are taken.
        num_frames: Spike frames per window.
        num_bins: Time bins per window; at most 255 frames fall into one.
        keep_in_memory: Keep decoded samples (120 kB each at 64 x 128), so that only the first
            pass reads files.
        key_frames: First and last key frame of each recording that count, from 0; by default all.
        neighbours: Other key frames that each sample holds as its `neighbours`, such as -1 and 1;
            what lacks one is left out. They have relative poses where the recording has poses.
        sensors: Sensors that each sample holds, such as spikes, nir and thermal; by default spikes
            and the pictures with their pixels.

    Raises:
        ValueError: When there is no usable key frame, too many frames fall into a bin, a recording
            does not have the `key_frames` or `sensors`, or the recordings differ in size or rate.
    """

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        num_frames: int = 128,
        num_bins: int = 8,
        keep_in_memory: bool = True,
        key_frames: tuple[int, int] | None = None,
        neighbours: Sequence[int] | None = None,
        sensors: Sequence[str] | None = None,
    ) -> None:
        if num_frames > MAX_FRAMES_PER_BIN * num_bins:
            raise ValueError(
                f"{num_frames} frames in {num_bins} bins are more than {MAX_FRAMES_PER_BIN} per bin"
            )
        if 0 in (neighbours or ()):
            raise ValueError(f"neighbours are {neighbours}; accepted: key frames other than 0")
        self.num_frames, self.num_bins = num_frames, num_bins
        self._sensors = sensors
        self._offsets = tuple(neighbours or ())
        self._keys: list[tuple[Path, int]] = []
        self._cache: dict[tuple[Path, int], Sample] | None = {} if keep_in_memory else None
        self._poses: dict[Path, Tensor] = {}
        cameras: dict[Camera, Path] = {}
        for path in find_recordings([paths] if isinstance(paths, str | Path) else paths):
            with Recording.open(path) as recording:
                cameras.setdefault(camera_of(recording), path)
                self._check_sensors(recording, path)
                numbers = _chosen(key_frames, recording.num_key_frames, path)
                whole = {k for k in numbers if recording.has_window(k, num_frames)}
                self._keys += [
                    (path, k) for k in sorted(whole) if {k + o for o in self._offsets} <= whole
                ]
                if self._offsets:
                    self._read_poses(recording, path)
        if not self._keys:
            beside = f" and neighbours {list(self._offsets)}" if self._offsets else ""
            raise ValueError(
                f"no key frame with {num_frames} spike frames around it{beside} in {paths}"
            )
        self.spec = common_spec(cameras, num_frames, num_bins)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def recordings(self) -> list[Path]:
        """The recording that each sample is from: samples of one recording resemble each other."""
        return [path for path, _ in self._keys]

    def __getitem__(self, index: int) -> Sample:
        path, k = self._keys[index]
        sample = self._moment(path, k)
        if not self._offsets:
            return sample
        neighbours = {offset: self._moment(path, k + offset) for offset in self._offsets}
        if path in self._poses:
            poses = self._poses[path]
            neighbours = {
                offset: replace(
                    other,
                    centre_from_rig=relative_transform(poses[k], poses[k + offset]).float(),
                )
                for offset, other in neighbours.items()
            }
        return replace(sample, neighbours=neighbours)

    def _moment(self, path: Path, k: int) -> Sample:
        if self._cache is not None and (path, k) in self._cache:
            return self._cache[path, k]
        with Recording.open(path) as recording:
            sample = read_sample(recording, k, self.num_frames, self.num_bins, self._sensors)
        if self._cache is not None:
            self._cache[path, k] = sample
        return sample

    def _read_poses(self, recording: Recording, path: Path) -> None:
        poses = [recording.pose(k) for k in range(recording.num_key_frames)]
        known = [torch.from_numpy(pose) for pose in poses if pose is not None]
        if known:
            self._poses[path] = torch.stack(known)
        else:
            logger.warning("%s has no poses: its neighbours are without relative pose", path)

    def _check_sensors(self, recording: Recording, path: Path) -> None:
        for name in self._sensors or ():
            if name not in recording.rig.sensors:
                accepted = ", ".join(recording.rig.sensors)
                raise ValueError(f"{path} has no sensor {name!r}; accepted: {accepted}")


def _chosen(key_frames: tuple[int, int] | None, num_key_frames: int, path: Path) -> range:
    if key_frames is None:
        return range(num_key_frames)
    first, last = key_frames
    if not 0 <= first <= last < num_key_frames:
        raise ValueError(
            f"key frames {first} to {last} of {path}; "
            f"accepted: 0 <= first <= last <= {num_key_frames - 1}"
        )
    return range(first, last + 1)


Camera = tuple[int, int, float, float, float]


def camera_of(recording: Recording) -> Camera:
    """Height, width, sample rate in Hz, and focal lengths in pixels (0 if unknown).

    The vertical one is 0 also where it is the horizontal one: where pixels are square.
    """
    spikes, intrinsics = recording.spikes, recording.intrinsics
    fx, fy = (0.0, 0.0) if intrinsics is None else (float(intrinsics[i, i]) for i in (0, 1))
    return spikes.height, spikes.width, spikes.sample_rate_hz, fx, 0.0 if fy == fx else fy


def common_spec(cameras: dict[Camera, Path], num_frames: int, num_bins: int) -> DataSpec:
    """What a network trained on all these cameras expects.

    Args:
        cameras: `camera_of` recordings, each with one file that has it.
        num_frames: Spike frames per window.
        num_bins: Time bins per window.

    Returns:
        The specification; its focal length is 0 (unknown) where the cameras differ in it.

    Raises:
        ValueError: When they differ in size or rate.
    """
    listed = ", ".join(
        f"{height}x{width} at {rate_hz:g} Hz ({path.name})"
        for (height, width, rate_hz, *_), path in cameras.items()
    )
    if len({camera[:3] for camera in cameras}) > 1:
        raise ValueError(
            f"recordings differ in size or rate: {listed}; one data set has one of each "
            "(snn_depth.simulate --size makes it so)"
        )
    height, width, sample_rate_hz, fx, fy = next(iter(cameras))
    if len(cameras) > 1:
        focal_lengths = sorted({camera[3] for camera in cameras})
        logger.warning("focal lengths differ: %s px; metres mix cameras", focal_lengths)
        fx = fy = 0.0
    return DataSpec(height, width, num_frames, num_bins, sample_rate_hz, fx, fy)


def find_recordings(paths: Iterable[str | Path], suffixes: Sequence[str] = (".h5",)) -> list[Path]:
    """Recording files among files and folders, sorted within each folder.

    Args:
        paths: Files, or folders in which all files with the suffixes are taken (also in
            subfolders).
        suffixes: Suffixes that count, in lower case.

    Returns:
        Paths of files.

    Raises:
        ValueError: For a path that does not exist or a folder without recordings.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            # Hidden files are what a killed writer left behind.
            inside = sorted(
                p
                for p in path.rglob("*")
                if p.suffix.lower() in suffixes and not p.name.startswith(".")
            )
            if not inside:
                accepted = ", ".join(f"*{suffix}" for suffix in suffixes)
                raise ValueError(f"no recording ({accepted}) in folder {path}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ValueError(f"{path} does not exist; expected a recording or a folder of them")
    return found

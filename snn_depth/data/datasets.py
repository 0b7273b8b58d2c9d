"""Recordings with key frames as samples for training and evaluation."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.binning import bin_spikes
from snn_depth.data.recording import Recording
from snn_depth.data.spec import DataSpec

Sample = dict[str, Tensor]


class RecordingDataset(Dataset[Sample]):
    """Every key frame of some recordings that has a whole window of spikes around it.

    A sample holds `spikes` uint8 (T, 1, H, W) counts per bin and, where the recording has them,
    `rgb` uint8 (3, H, W), `depth_m` float32 (1, H, W) with 0 where there is no measurement, and
    `intrinsics` float32 (3, 3). Decoded samples stay in memory (80 kB each at 64 x 128), so
    only the first pass reads files.

    Args:
        paths: Recording files, or folders in which all `*.h5` files are taken.
        num_frames: Spike frames per window.
        num_bins: Time bins per window.

    Raises:
        ValueError: When there is no usable key frame, or the recordings differ in size.
    """

    def __init__(
        self, paths: str | Path | Sequence[str | Path], num_frames: int = 128, num_bins: int = 8
    ) -> None:
        self.num_frames, self.num_bins = num_frames, num_bins
        self._keys: list[tuple[Path, int]] = []
        self._cache: dict[int, Sample] = {}
        sizes: dict[tuple[int, int], Path] = {}
        self.spec = DataSpec(num_frames=num_frames, num_bins=num_bins)
        for path in find_recordings([paths] if isinstance(paths, str | Path) else paths):
            with Recording.open(path) as recording:
                spikes = recording.spikes
                sizes.setdefault((spikes.height, spikes.width), path)
                key_frames = range(recording.num_key_frames)
                self._keys += [(path, k) for k in key_frames if recording.has_window(k, num_frames)]
                intrinsics = recording.intrinsics
                self.spec = DataSpec(
                    spikes.height,
                    spikes.width,
                    num_frames,
                    num_bins,
                    spikes.sample_rate_hz,
                    0.0 if intrinsics is None else float(intrinsics[0, 0]),
                )
        if not self._keys:
            raise ValueError(f"no key frame with {num_frames} spike frames around it in {paths}")
        if len(sizes) > 1:
            found = ", ".join(f"{h}x{w} ({path.name})" for (h, w), path in sizes.items())
            raise ValueError(
                f"recordings differ in size: {found}; one data set has one size "
                "(snn_depth.simulate --size makes it so)"
            )

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        if index not in self._cache:
            path, k = self._keys[index]
            with Recording.open(path) as recording:
                self._cache[index] = read_sample(recording, k, self.num_frames, self.num_bins)
        return self._cache[index]


def find_recordings(paths: Iterable[str | Path]) -> list[Path]:
    """Recording files among files and folders, sorted within each folder.

    Args:
        paths: Files, or folders in which all `*.h5` files are taken (also in subfolders).

    Returns:
        Paths of files.

    Raises:
        ValueError: For a path that does not exist or a folder without recordings.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            # Hidden files are what a killed writer left behind.
            inside = sorted(p for p in path.rglob("*.h5") if not p.name.startswith("."))
            if not inside:
                raise ValueError(f"no recording (*.h5) in folder {path}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ValueError(f"{path} does not exist; expected a recording or a folder of them")
    return found


def read_sample(recording: Recording, k: int, num_frames: int, num_bins: int) -> Sample:
    """Read and bin one key frame.

    Args:
        recording: An open recording.
        k: Key frame.
        num_frames: Spike frames per window.
        num_bins: Time bins per window; at most 255 frames fall into one.

    Returns:
        The sample as `RecordingDataset` describes it.
    """
    counts_TBHW = bin_spikes(recording.window(k, num_frames), num_bins)[:, None]
    sample: Sample = {"spikes": torch.from_numpy(counts_TBHW.astype(np.uint8))}
    rgb = recording.rgb(k)
    if rgb is not None:
        sample["rgb"] = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
    depth_m = recording.depth_m(k)
    if depth_m is not None:
        sample["depth_m"] = torch.from_numpy(np.nan_to_num(depth_m, posinf=0.0))[None].float()
    if recording.intrinsics is not None:
        sample["intrinsics"] = torch.from_numpy(recording.intrinsics).float()
    return sample


def collate(samples: Sequence[Sample]) -> dict[str, Any]:
    """Stack samples into a batch: time first for spikes, floats, a mask of valid depth.

    Args:
        samples: Samples of one size and with the same parts.

    Returns:
        `spikes` float32 (T, B, 1, H, W); `rgb` float32 (B, 3, H, W) in 0..1; `depth_m`
        (B, 1, H, W) with `valid_mask` bool (B, 1, H, W); `intrinsics` (B, 3, 3); whichever the
        samples have.
    """
    batch: dict[str, Any] = {
        key: torch.stack([s[key] for s in samples], dim=1 if key == "spikes" else 0)
        for key in samples[0]
    }
    if "spikes" in batch:
        batch["spikes"] = batch["spikes"].float()
    if "rgb" in batch:
        batch["rgb"] = batch["rgb"].float() / 255.0
    if "depth_m" in batch:
        batch["valid_mask"] = batch["depth_m"] > 0
    return batch

"""DENSE-Spike: simulated spikes of the CARLA drives of DENSE, by the authors of Spike-T."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.sample import Sample
from snn_depth.data.sets.public.public_dataset import LayoutReport
from snn_depth.data.sets.public.spike_depth import SampleFiles, SpikeDepthDataset, read_npy_depth_m

_SPLITS = ("train", "validation", "test")
_SPIKES, _DEPTH, _RGB = "spike/r128", "depth/data", "rgb/frames"
_STAMPS = "timestamps.txt"
_FAR_PLANE_M = 1000.0
_SAME_TIME_S = 1e-3  # pictures are 1/30 s apart


class DenseSpike(SpikeDepthDataset):
    """Spikes and exact depth of drives through CARLA's towns, 128 frames per sample.

    Depth reaches to the far plane of 1000 m, where the sky is; that counts as no measurement.
    Source: Zhang et al., "Spike Transformer: Monocular Depth Estimation for Spiking Camera", ECCV
    2022; pictures and depth are DENSE's (Hidalgo-Carrio et al., 3DV 2020, arXiv 2010.08350).
    Layout: what the authors' own program reads.

    Where to get it: links on https://github.com/Leozhangjiyuan/MDE-SpikingCamera. No licence is
    stated for the spikes.

    Args:
        root: Folder with `train`, `validation` and `test`.
        split: One of them.
        with_rgb: Also read the pictures, which come with DENSE, not with the spikes.
        size: Height and width; None keeps the files'. See `SpikeDepthDataset` for the resampling.
        num_frames: Spike frames per sample, out of the middle of its 128.
        num_bins: Time bins per sample.
        sample_rate_hz: Spike frames per second. Not published; by default 128 per picture at 30
            pictures per second.
        keep_in_memory: Keep decoded samples.

    Raises:
        ValueError: When the folder is laid out otherwise.
        FileNotFoundError: When a sample's file is missing.
    """

    title = "DENSE-Spike"
    expected_tree = """\
train/                              and validation/, test/
  train_sequence_00_town01/         any name
    spike/r128/
      timestamps.txt                rows of number and time in seconds
      spike_0000000001.npy          0 and 1, shape (128, H, W)
    depth/data/
      timestamps.txt
      depth_0000000001.npy          metres, floating point (H, W)
    rgb/frames/                     optional
      frame_0000000001.png"""

    def __init__(
        self,
        root: str | Path,
        split: Literal["train", "validation", "test"],
        with_rgb: bool = False,
        size: tuple[int, int] | None = (64, 128),
        num_frames: int = 128,
        num_bins: int = 8,
        sample_rate_hz: float = 3840.0,
        keep_in_memory: bool = True,
    ) -> None:
        sequences = _sequences(Path(root), split)
        if not sequences:
            raise self.layout_error(Path(root), f"there is no folder {split}/*/{_SPIKES}")
        samples: list[SampleFiles] = []
        for sequence in sequences:
            try:
                found, unpaired = _find(sequence, with_rgb)
            except (ValueError, OSError) as error:
                raise self.layout_error(Path(root), str(error)) from None
            if unpaired:
                raise self.layout_error(Path(root), unpaired[0])
            samples += found
        super().__init__(
            Path(root),
            samples,
            size=size,
            num_frames=num_frames,
            num_bins=num_bins,
            sample_rate_hz=sample_rate_hz,
            keep_in_memory=keep_in_memory,
        )

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`: whether a split has a sequence with `spike/r128`."""
        return any(_sequences(root, split) for split in _SPLITS)

    @classmethod
    def check_layout(cls, root: Path) -> LayoutReport:
        """See `DatasetLayout.check_layout`; opens the lists of times, not the spikes."""
        num_samples: dict[str, int] = {}
        problems: list[str] = []
        for split in _SPLITS:
            sequences = _sequences(root, split)
            if not sequences:
                problems.append(f"{root / split}: no folder */{_SPIKES}")
            for sequence in sequences:
                try:
                    samples, unpaired = _find(sequence, with_rgb=False)
                except (ValueError, OSError) as error:
                    problems.append(str(error))
                    continue
                missing = [file for files in samples for file in files.missing()]
                problems += unpaired + [f"{file} is missing" for file in missing]
                whole = sum(not files.missing() for files in samples)
                num_samples[split] = num_samples.get(split, 0) + whole
        return LayoutReport(num_samples, problems)

    @classmethod
    def preview(cls, root: Path) -> Sample:
        """See `DatasetLayout.preview`."""
        sequences = [s for split in _SPLITS for s in _sequences(root, split)]
        with_rgb = any((sequence / _RGB).is_dir() for sequence in sequences)
        return cls.preview_of({str(s): _find(s, with_rgb)[0] for s in sequences})

    @classmethod
    def read_depth_m(cls, path: Path) -> NDArray[np.float32]:
        """See `SpikeDepthDataset.read_depth_m`; the far plane becomes "no measurement"."""
        depth_m = read_npy_depth_m(path)
        return np.where(depth_m < _FAR_PLANE_M, depth_m, 0)


def _sequences(root: Path, split: str) -> list[Path]:
    return sorted(folder.parents[1] for folder in root.glob(f"{split}/*/{_SPIKES}"))


def _find(sequence: Path, with_rgb: bool) -> tuple[list[SampleFiles], list[str]]:
    """Samples of one sequence, and what cannot be one because no depth has its time.

    The spikes' own numbers start elsewhere than the depth maps', so that times must tell.
    """
    spike_times_s = _times_s(sequence / _SPIKES / _STAMPS)
    depth_times_s = _times_s(sequence / _DEPTH / _STAMPS)
    samples: list[SampleFiles] = []
    unpaired: list[str] = []
    # The first row is the start of time, before any spikes; the authors leave it out as well.
    for number, time_s in list(enumerate(spike_times_s))[1:]:
        k = int(np.abs(depth_times_s - time_s).argmin())
        spikes = sequence / _SPIKES / f"spike_{number:010d}.npy"
        if abs(depth_times_s[k] - time_s) > _SAME_TIME_S:
            unpaired.append(f"{spikes}: no depth map at its time, {time_s:g} s")
            continue
        depth = sequence / _DEPTH / f"depth_{k:010d}.npy"
        rgb = sequence / _RGB / f"frame_{k:010d}.png" if with_rgb else None
        samples.append(SampleFiles(spikes, depth, rgb))
    return samples, unpaired


def _times_s(path: Path) -> NDArray[np.float64]:
    try:
        rows = np.loadtxt(path, ndmin=2)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing") from None
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error}") from None
    if rows.shape[1:] != (2,) or not len(rows):
        raise ValueError(f"{path} has {rows.shape} numbers; accepted: rows of number and time")
    return rows[:, 1]

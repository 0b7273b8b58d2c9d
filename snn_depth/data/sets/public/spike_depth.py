"""Data sets that have one file of spikes, and one of depth, for every sample."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from snn_depth.data.augment.integrated_counts import resample_counts
from snn_depth.data.sample import RGB, SPIKES, Sample, View
from snn_depth.data.sets.public.public_dataset import DatasetLayout
from snn_depth.data.sets.recording_dataset import MAX_FRAMES_PER_BIN
from snn_depth.data.simulation.depth_maps import resize_depth
from snn_depth.data.simulation.pictures import read_rgb, resize_area
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import SpikeStream, open_spikes
from snn_depth.geometry.resampling import centred_crop

_PREVIEW_FRAMES = 64


@dataclass(frozen=True)
class SampleFiles:
    """The files of one sample.

    Attributes:
        spikes: Binary frames.
        depth: Depth of the same view; None where it was not measured.
        rgb: Picture of the same view, or None.
    """

    spikes: Path
    depth: Path | None = None
    rgb: Path | None = None

    def missing(self) -> list[Path]:
        """Those that do not exist."""
        files = (self.spikes, self.depth, self.rgb)
        return [file for file in files if file is not None and not file.is_file()]


class SpikeDepthDataset(DatasetLayout, Dataset[Sample]):
    """Samples of such a data set, as `RecordingDataset` describes them.

    The spikes are the frames in the middle of the file. At another size, everything is first cut
    to the largest window in the middle with that shape, so that pixels stay square; then larger
    pixels integrate the spikes of the smaller (`resample_counts`), pictures are averaged, and
    depth is the one at a pixel's centre.

    Args:
        root: Folder of the data set, for messages.
        samples: Files of each sample; all samples have the same parts.
        size: Height and width of the samples; None keeps the sensor's.
        num_frames: Spike frames per sample.
        num_bins: Time bins per sample; at most 255 frames fall into one.
        sample_rate_hz: Spike frames per second.
        keep_in_memory: Keep decoded samples, so that only the first pass reads files.

    Attributes:
        sensor_size: Height and width where a file does not tell them.

    Raises:
        ValueError: When there is no sample, a size is larger than the sensor, or the numbers of
            frames and bins do not fit.
        FileNotFoundError: When a sample's file is missing.
    """

    sensor_size: ClassVar[tuple[int, int] | None] = None

    def __init__(
        self,
        root: Path,
        samples: Sequence[SampleFiles],
        *,
        size: tuple[int, int] | None,
        num_frames: int,
        num_bins: int,
        sample_rate_hz: float,
        keep_in_memory: bool,
    ) -> None:
        if num_frames > MAX_FRAMES_PER_BIN * num_bins:
            raise ValueError(
                f"{num_frames} frames in {num_bins} bins are more than {MAX_FRAMES_PER_BIN} per bin"
            )
        if not samples:
            raise ValueError(f"no sample of {self.title} in {root} is what was asked for")
        if missing := [file for files in samples for file in files.missing()]:
            raise FileNotFoundError(
                f"{missing[0]} is missing, one of {len(missing)} files; all are listed by "
                f"python -m snn_depth.data.check {root}"
            )
        with self._open_spikes(samples[0].spikes) as stream:
            sensor_size = (stream.height, stream.width)
        height, width = sensor_size if size is None else size
        if height > sensor_size[0] or width > sensor_size[1]:
            raise ValueError(
                f"size is {height} x {width}; accepted: at most {sensor_size[0]} x "
                f"{sensor_size[1]}, the pixels of {self.title}"
            )
        self.spec = DataSpec(height, width, num_frames, num_bins, sample_rate_hz)
        self._samples = samples
        self._cache: dict[int, Sample] | None = {} if keep_in_memory else None

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        sample = self._read(self._samples[index], self.spec, seed=index % len(self))
        if self._cache is not None:
            self._cache[index] = sample
        return sample

    @classmethod
    @abstractmethod
    def read_depth_m(cls, path: Path) -> NDArray[np.float32]:
        """Depth in metres, float32 (H, W), upright as the spikes; 0 where there is none.

        Raises:
            ValueError: If the file is not a depth map.
            OSError: If it cannot be read.
        """

    @classmethod
    def preview_of(cls, samples: Mapping[str, Sequence[SampleFiles]]) -> Sample:
        """The first sample of which everything is there, at the sensor's size, for `preview`.

        Args:
            samples: Files by split or scene.

        Raises:
            ValueError: If there is none, or it cannot be read.
        """
        for files in (files for part in samples.values() for files in part):
            if files.depth is not None and not files.missing():
                with cls._open_spikes(files.spikes) as stream:
                    num_frames = min(len(stream), _PREVIEW_FRAMES)
                    spec = DataSpec(stream.height, stream.width, num_frames, 1)
                return cls._read(files, spec, seed=0)
        raise ValueError(f"no sample of {cls.title} has both spikes and depth")

    @classmethod
    def _open_spikes(cls, path: Path) -> SpikeStream:
        height, width = cls.sensor_size or (None, None)
        return open_spikes(path, SpikeFileOptions(height=height, width=width))

    @classmethod
    def _read(cls, files: SampleFiles, spec: DataSpec, seed: int) -> Sample:
        size = (spec.height, spec.width)
        with cls._open_spikes(files.spikes) as stream:
            start = (len(stream) - spec.num_frames) // 2
            if start < 0:
                raise ValueError(
                    f"{files.spikes} has {len(stream)} frames; needed: {spec.num_frames}"
                )
            frames_THW = stream[start : start + spec.num_frames]
        sensor_size = frames_THW.shape[1:]
        rows, columns = centred_crop(sensor_size, size)
        counts_THW = bin_spikes(frames_THW[:, rows, columns], spec.num_bins).astype(np.uint8)
        images = {
            SPIKES: resample_counts(
                torch.from_numpy(counts_THW)[:, None], size, torch.Generator().manual_seed(seed)
            )
        }
        if files.rgb is not None:
            rgb = read_rgb(files.rgb)
            _check_size(files.rgb, rgb.shape[:2], sensor_size)
            rgb = resize_area(rgb[rows, columns], size)
            images[RGB] = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
        depth_m: torch.Tensor | None = None
        if files.depth is not None:
            read_m = cls.read_depth_m(files.depth)
            _check_size(files.depth, read_m.shape, sensor_size)
            depth_m = torch.from_numpy(resize_depth(read_m[rows, columns], size))[None]
        return Sample({name: View(image, depth_m=depth_m) for name, image in images.items()})


def read_npy_depth_m(path: Path) -> NDArray[np.float32]:
    """Depth in metres from an `.npy` file, float32 (H, W); 0 where it has NaN, infinity, 0 or less.

    Raises:
        ValueError: If it is not an array of floating-point numbers (H, W).
        OSError: If it cannot be read.
    """
    try:
        stored = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"cannot read depth {path}: {error}") from None
    if not isinstance(stored, np.ndarray) or stored.ndim != 2 or stored.dtype.kind != "f":
        found = f"{stored.dtype} {stored.shape}" if isinstance(stored, np.ndarray) else "an archive"
        raise ValueError(f"depth {path} is {found}; accepted: floating-point metres (H, W)")
    known = np.isfinite(stored) & (stored > 0)
    return np.where(known, stored, 0).astype(np.float32)


def _check_size(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise ValueError(
            f"{path} has {found[0]} x {found[1]} pixels; its spikes have "
            f"{expected[0]} x {expected[1]}"
        )

"""Streams of a spike camera as binary frames that are read when they are asked for."""

import logging
import operator
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.streams.array_files import open_npy, open_npz, write_npy, write_npz
from snn_depth.data.streams.frame_source import FrameSource, Spikes, array_source
from snn_depth.data.streams.recording_file import open_recording_file, spike_source
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.spike_file_options import (
    DEFAULT_OPTIONS,
    SpikeFileOptions,
    spike_suffix,
)
from snn_depth.data.streams.spikecv_config import find_frame_size
from snn_depth.data.streams.vidar import KNOWN_SIZES, open_dat, write_dat

logger = logging.getLogger(__name__)

DEFAULT_SAMPLE_RATE_HZ = DEFAULT_OPTIONS.sample_rate_hz
# Pixels written at once.
_CHUNK_PIXELS = 1 << 24


class SpikeStream:
    """T binary frames of H x W pixels, rows upright, read lazily.

    `stream[k]` is one frame (H, W); `stream[start:stop]` is (t, H, W), uint8 of 0 and 1. Only
    the frames asked for are read. Use it as a context manager, or call `close`.

    Args:
        sample_rate_hz: Frames per second, for a source that does not know.

    Raises:
        ValueError: When reading, if what is stored is not binary or the stream is closed.
    """

    def __init__(self, source: FrameSource, sample_rate_hz: float = DEFAULT_SAMPLE_RATE_HZ) -> None:
        rate_hz = sample_rate_hz if source.sample_rate_hz is None else source.sample_rate_hz
        if not 0 < rate_hz < np.inf:
            raise ValueError(f"sample_rate_hz is {rate_hz}; accepted: positive numbers")
        self._source: FrameSource | None = source
        self.num_frames, self.height, self.width = source.num_frames, source.height, source.width
        self.sample_rate_hz = float(rate_hz)

    @classmethod
    def from_array(
        cls, array_THW: NDArray[Any], sample_rate_hz: float = DEFAULT_SAMPLE_RATE_HZ
    ) -> Self:
        """Wrap an array (T, H, W), which may be memory-mapped; values are checked when read."""
        return cls(array_source(array_THW), sample_rate_hz)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""
        return self.num_frames, self.height, self.width

    def __len__(self) -> int:
        return self.num_frames

    def __getitem__(self, index: slice | SupportsIndex) -> Spikes:
        if self._source is None:
            raise ValueError("the spike stream is closed")
        if isinstance(index, slice):
            start, stop, step = index.indices(self.num_frames)
            if step == 1:
                return self._source.read(start, max(start, stop))
            frames = [self._source.read(k, k + 1) for k in range(start, stop, step)]
            return np.concatenate([np.empty((0, self.height, self.width), np.uint8), *frames])
        k = operator.index(index)
        if not -self.num_frames <= k < self.num_frames:
            raise IndexError(f"frame {k} of a stream with {self.num_frames} frames")
        k %= self.num_frames
        return self._source.read(k, k + 1)[0]

    def chunks(self, num_frames: int) -> Iterator[Spikes]:
        """Consecutive pieces (t, H, W) of the whole stream; the last may be shorter."""
        if num_frames < 1:
            raise ValueError(f"num_frames is {num_frames}; accepted: 1 or more")
        for start in range(0, self.num_frames, num_frames):
            yield self[start : start + num_frames]

    def close(self) -> None:
        """Release the file; reading afterwards is an error."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_spikes(path: str | Path, options: SpikeFileOptions = DEFAULT_OPTIONS) -> SpikeStream:
    """Open a recording of any supported format, chosen by suffix.

    Args:
        path: `.dat` (the camera's own, see `vidar`), `.npy`, `.npz`, or a recording of
            this project, `.h5` or `.hdf5`.
        options: What the file does not say. A `.dat` does not say its size; without it a SpikeCV
            `config.yaml` counts, then 250 x 400. For other formats a size is insisted on.

    Raises:
        ValueError: For an unknown suffix or option, a file of wrong size, shape or kind, or a
            corrupt one; when reading, for values other than 0 and 1.
    """
    path = Path(path)
    suffix = spike_suffix(path)
    _warn_of_ignored(options.ignored(path), options, suffix)
    if suffix == ".dat":
        size = _dat_size(path, options.height, options.width)
        source = open_dat(path, *size, **_dat_options(options))
    elif suffix == ".npy":
        source = open_npy(path, options.axis_order, options.height, options.width)
    elif suffix == ".npz":
        source = open_npz(path, options.axis_order, options.height, options.width, options.key)
    else:
        source = spike_source(open_recording_file(path))
    try:
        options.check_size(str(path), source.height, source.width)
        return SpikeStream(source, options.sample_rate_hz)
    except ValueError:
        source.close()
        raise


def save_spikes(
    spikes: SpikeStream | NDArray[Any],
    path: str | Path,
    options: SpikeFileOptions = DEFAULT_OPTIONS,
) -> None:
    """Write a stream in the format of the suffix, piece by piece, completely or not at all.

    Args:
        options: Those that read the file back. A stream knows its own sample rate; head columns
            are written as zeros; the array in an `.npz` is called "spikes" by default.

    Raises:
        ValueError: For another size than the options', or values other than 0 and 1.
    """
    path = Path(path)
    suffix = spike_suffix(path)
    ignored = (name for name in options.ignored(path) if name != "sample_rate_hz")
    _warn_of_ignored(ignored, options, suffix)
    if not isinstance(spikes, SpikeStream):
        spikes = SpikeStream.from_array(spikes, options.sample_rate_hz)
    options.check_size("what is saved", spikes.height, spikes.width)
    chunks = spikes.chunks(max(1, _CHUNK_PIXELS // (spikes.height * spikes.width)))
    if suffix == ".dat":
        write_dat(path, chunks, **_dat_options(options))
    elif suffix == ".npy":
        write_npy(path, chunks, spikes.shape, options.axis_order)
    elif suffix == ".npz":
        write_npz(path, chunks, spikes.shape, options.axis_order, options.key or "spikes")
    else:
        with RecordingWriter(path, spikes.height, spikes.width, spikes.sample_rate_hz) as writer:
            for chunk in chunks:
                writer.append_spikes(chunk)


def _warn_of_ignored(names: Iterable[str], options: SpikeFileOptions, suffix: str) -> None:
    for name in names:
        logger.warning("%s=%r is ignored for %s files", name, getattr(options, name), suffix)


def _dat_options(options: SpikeFileOptions) -> dict[str, Any]:
    names = ("flip_rows", "bit_order", "head_columns")
    return {name: getattr(options, name) for name in names}


def _dat_size(path: Path, height: int | None, width: int | None) -> tuple[int, int]:
    if height is not None and width is not None:
        return height, width
    if height is not None or width is not None:
        raise ValueError(f"height is {height}, width is {width}; accepted: both or neither")
    return find_frame_size(path) or KNOWN_SIZES[0][:2]

"""Streams of a spike camera as binary frames that are read when they are asked for."""

import logging
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.streams.array_files import AxisOrder, open_npy, open_npz, write_npy, write_npz
from snn_depth.data.streams.frame_source import FrameSource, Spikes, array_source
from snn_depth.data.streams.recording_file import open_recording_file, spike_source
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.spikecv_config import find_frame_size
from snn_depth.data.streams.vidar import KNOWN_SIZES, BitOrder, open_dat, write_dat

logger = logging.getLogger(__name__)

DEFAULT_SAMPLE_RATE_HZ = 20_000.0
_OPTION_DEFAULTS = {
    "sample_rate_hz": DEFAULT_SAMPLE_RATE_HZ,
    "axis_order": "THW",
    "flip_rows": True,
    "bit_order": "little",
    "head_columns": 0,
    "key": None,
}
_OPTIONS_USED = {
    ".dat": {"sample_rate_hz", "flip_rows", "bit_order", "head_columns"},
    ".npy": {"sample_rate_hz", "axis_order"},
    ".npz": {"sample_rate_hz", "axis_order", "key"},
    ".h5": set(),
    ".hdf5": set(),
}
SPIKE_SUFFIXES = tuple(_OPTIONS_USED)
# Pixels written at once.
_CHUNK_PIXELS = 1 << 24


class SpikeStream:
    """T binary frames of H x W pixels, rows upright, read lazily.

    `stream[k]` is one frame (H, W); `stream[start:stop]` is (t, H, W), uint8 of 0 and 1. Only
    the frames asked for are read. Use it as a context manager, or call `close`.

    Args:
        source: Where frames come from.
        sample_rate_hz: Frames per second, for a source that does not know.

    Raises:
        ValueError: If the sample rate is not positive; when reading, if what is stored is not
            binary or the stream is closed.
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
        """Wrap an array in memory (or memory-mapped).

        Args:
            array_THW: 0 and 1 of any numeric type, shape (T, H, W); values are checked when read.
            sample_rate_hz: Frames per second.

        Raises:
            ValueError: If the array does not have three axes with something along each.
        """
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
        """Consecutive pieces of the whole stream.

        Args:
            num_frames: Frames per piece; the last may be shorter.

        Yields:
            uint8 (t, H, W).

        Raises:
            ValueError: If `num_frames` is less than 1.
        """
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


def open_spikes(
    path: str | Path,
    *,
    height: int | None = None,
    width: int | None = None,
    sample_rate_hz: float = DEFAULT_SAMPLE_RATE_HZ,
    axis_order: AxisOrder = "THW",
    flip_rows: bool = True,
    bit_order: BitOrder = "little",
    head_columns: int = 0,
    key: str | None = None,
) -> SpikeStream:
    """Open a recording of any supported format, chosen by suffix.

    Args:
        path: `.dat` (the camera's own, see `vidar`), `.npy`, `.npz`, or a recording of
            this project, `.h5` or `.hdf5`.
        height: Rows. A `.dat` does not say; without height and width a SpikeCV `config.yaml`
            counts, then 250 x 400. For other formats: what to insist on.
        width: Columns, likewise.
        sample_rate_hz: Frames per second; a recording of this project knows its own.
        axis_order: Order of the axes in `.npy` and `.npz`.
        flip_rows: A `.dat` has its rows bottom-up.
        bit_order: Whether the first pixel of a byte of a `.dat` is its least significant bit.
        head_columns: Columns of a `.dat` to the right of the image that do not belong to it.
        key: Array to take from an `.npz` with several.

    Returns:
        The stream, to be closed or used as a context manager.

    Raises:
        ValueError: For an unknown suffix or option, a file of wrong size, shape or kind, or a
            corrupt one; when reading, for values other than 0 and 1.
        OSError: If the file does not exist or cannot be read.
    """
    path = Path(path)
    suffix = _suffix(path)
    _warn_of_unused(
        suffix,
        sample_rate_hz=sample_rate_hz,
        axis_order=axis_order,
        flip_rows=flip_rows,
        bit_order=bit_order,
        head_columns=head_columns,
        key=key,
    )
    if suffix == ".dat":
        size = _dat_size(path, height, width)
        source = open_dat(
            path, *size, flip_rows=flip_rows, bit_order=bit_order, head_columns=head_columns
        )
    elif suffix == ".npy":
        source = open_npy(path, axis_order, height, width)
    elif suffix == ".npz":
        source = open_npz(path, axis_order, height, width, key)
    else:
        source = spike_source(open_recording_file(path))
    try:
        if (source.height, source.width) != (height or source.height, width or source.width):
            raise ValueError(
                f"{path} has frames of {source.height}x{source.width}, "
                f"not of height {height} and width {width}"
            )
        return SpikeStream(source, sample_rate_hz)
    except ValueError:
        source.close()
        raise


def options_that_count(path: str | Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that `open_spikes` would ignore, and warn of, for a file's format.

    Args:
        path: The file.
        options: Keyword arguments of `open_spikes`.

    Returns:
        Those that make a difference.

    Raises:
        ValueError: For an unknown suffix.
    """
    ignored = set(_OPTION_DEFAULTS) - _OPTIONS_USED[_suffix(Path(path))]
    return {name: value for name, value in options.items() if name not in ignored}


def save_spikes(
    spikes: SpikeStream | NDArray[Any],
    path: str | Path,
    *,
    sample_rate_hz: float = DEFAULT_SAMPLE_RATE_HZ,
    axis_order: AxisOrder = "THW",
    flip_rows: bool = True,
    bit_order: BitOrder = "little",
    head_columns: int = 0,
    key: str | None = None,
) -> None:
    """Write a stream in the format of the suffix, piece by piece, completely or not at all.

    Args:
        spikes: A stream, or an array of 0 and 1, shape (T, H, W).
        path: File to write; see `open_spikes`.
        sample_rate_hz: Frames per second of an array; a stream knows its own.
        axis_order: As in `open_spikes`, like the rest: the options that read the file back.
        flip_rows: See `open_spikes`.
        bit_order: See `open_spikes`.
        head_columns: See `open_spikes`; written as zeros.
        key: Name of the array in an `.npz`, by default "spikes".

    Raises:
        ValueError: For an unknown suffix or option, or values other than 0 and 1.
        OSError: If writing fails.
    """
    path = Path(path)
    suffix = _suffix(path)
    _warn_of_unused(
        suffix,
        axis_order=axis_order,
        flip_rows=flip_rows,
        bit_order=bit_order,
        head_columns=head_columns,
        key=key,
    )
    if not isinstance(spikes, SpikeStream):
        spikes = SpikeStream.from_array(spikes, sample_rate_hz)
    chunks = spikes.chunks(max(1, _CHUNK_PIXELS // (spikes.height * spikes.width)))
    if suffix == ".dat":
        write_dat(path, chunks, flip_rows=flip_rows, bit_order=bit_order, head_columns=head_columns)
    elif suffix == ".npy":
        write_npy(path, chunks, spikes.shape, axis_order)
    elif suffix == ".npz":
        write_npz(path, chunks, spikes.shape, axis_order, key or "spikes")
    else:
        with RecordingWriter(path, spikes.height, spikes.width, spikes.sample_rate_hz) as writer:
            for chunk in chunks:
                writer.append_spikes(chunk)


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _OPTIONS_USED:
        raise ValueError(f"{path} has the suffix {suffix!r}; accepted: {', '.join(_OPTIONS_USED)}")
    return suffix


def _warn_of_unused(suffix: str, **options: Any) -> None:
    for name, value in options.items():
        if name not in _OPTIONS_USED[suffix] and value != _OPTION_DEFAULTS[name]:
            logger.warning("%s=%r is ignored for %s files", name, value, suffix)


def _dat_size(path: Path, height: int | None, width: int | None) -> tuple[int, int]:
    if height is not None and width is not None:
        return height, width
    if height is not None or width is not None:
        raise ValueError(f"height is {height}, width is {width}; accepted: both or neither")
    return find_frame_size(path) or KNOWN_SIZES[0][:2]

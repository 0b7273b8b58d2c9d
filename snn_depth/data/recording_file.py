"""Layout of the project's recordings (HDF5) and the check that a file is one.

Datasets: `spikes` uint8 (T, ceil(H W / 8)), bit-packed, least significant bit first, rows upright;
and, one entry per key frame (a moment with a picture or a depth map), `spike_index` int64 (K,),
`timestamps_s` float64 (K,), and optionally `rgb` uint8 (K, H, W, 3), `depth_m` float32 (K, H, W)
with NaN or 0 where there is no measurement, `pose` float64 (K, 4, 4) camera to world. `intrinsics`
float64 (3, 3) in pixels is optional too. Attributes: `format`, `schema_version`, `height`,
`width`, `sample_rate_hz`, `burst_frames`, and optionally `camera` (JSON) and `license`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from snn_depth.data.frame_source import FrameSource, Spikes
from snn_depth.data.vidar import frame_bytes, unpack_frames

FORMAT = "snn-depth-recording"
SCHEMA_VERSION = 1


def key_frame_layout(height: int, width: int) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape of one entry and type of every dataset with one entry per key frame."""
    return {
        "rgb": ((height, width, 3), np.uint8),
        "depth_m": ((height, width), np.float32),
        "pose": ((4, 4), np.float64),
        "timestamps_s": ((), np.float64),
        "spike_index": ((), np.int64),
    }


@contextmanager
def corrupt_as_value_error(path: str | Path) -> Iterator[None]:
    """Turn what HDF5 raises on damaged files into one ValueError that names the file."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is corrupt: {error}") from error


def open_recording_file(path: Path) -> h5py.File:
    """Open a recording for reading and check its layout.

    Args:
        path: The file.

    Returns:
        The open file.

    Raises:
        ValueError: If it is not HDF5, not a recording, of another schema version, or corrupt.
        OSError: If it does not exist or must not be read.
    """
    with path.open("rb") as probe:  # a missing file stays an OSError of its own
        if not probe.read(1):
            raise ValueError(f"{path} is empty")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is not a readable HDF5 file: {error}") from error
    try:
        with corrupt_as_value_error(path):
            _check(file, path)
    except BaseException:
        file.close()
        raise
    return file


def spike_source(file: h5py.File) -> FrameSource:
    """The spikes of an open recording; closing the source closes the file."""
    height, width = int(file.attrs["height"]), int(file.attrs["width"])
    spikes = file["spikes"]
    path = file.filename

    def read(start: int, stop: int) -> Spikes:
        with corrupt_as_value_error(path):
            packed = spikes[start:stop]
        return unpack_frames(packed, height, width)

    return FrameSource(
        len(spikes), height, width, read, float(file.attrs["sample_rate_hz"]), file.close
    )


def _check(file: h5py.File, path: Path) -> None:
    found = file.attrs.get("format")
    if found != FORMAT:
        raise ValueError(
            f"{path} is HDF5 but not a recording: attribute format is {found!r}; "
            f"accepted: {FORMAT!r}"
        )
    version = file.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"{path}: schema_version is {version}; accepted: {SCHEMA_VERSION}")
    height, width = int(file.attrs["height"]), int(file.attrs["width"])
    if height < 1 or width < 1 or int(file.attrs["burst_frames"]) < 0:
        raise ValueError(f"{path} is corrupt: attributes {dict(file.attrs)}")
    num_frames = len(file["spikes"])
    if not num_frames:
        raise ValueError(f"{path} has no spike frames")
    expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {
        "spikes": ((num_frames, frame_bytes(height, width)), np.dtype(np.uint8)),
        "intrinsics": ((3, 3), np.dtype(np.float64)),
    }
    num_key_frames = len(file["spike_index"])
    for name, (shape, kind) in key_frame_layout(height, width).items():
        expected[name] = ((num_key_frames, *shape), np.dtype(kind))
    for name, (shape, dtype) in expected.items():
        if name in file and (file[name].shape != shape or file[name].dtype != dtype):
            raise ValueError(
                f"{path}: dataset {name} is {file[name].dtype} {file[name].shape}; "
                f"accepted: {dtype} {shape}"
            )

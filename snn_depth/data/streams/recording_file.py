"""Layout of the project's recordings (HDF5) and the check that a file is one.

Datasets: `spikes` uint8 (T, ceil(H W / 8)), bit-packed, least significant bit first, rows upright;
and, one entry per key frame (a moment with a picture or a depth map), `spike_index` int64 (K,),
`timestamps_s` float64 (K,), and optionally `rgb` uint8 (K, H, W, 3), `depth_m` float32 (K, H, W)
with NaN or 0 where there is no measurement, `pose` float64 (K, 4, 4) camera to world. `intrinsics`
float64 (3, 3) in pixels is optional too. Attributes: `format`, `schema_version`, `height`,
`width`, `sample_rate_hz`, `burst_frames`, and optionally `camera` (JSON) and `license`; texts are
UTF-8 of fixed length, because HDF5 crashes on damaged texts of variable length. All metadata (HDF5
1.10 format) and data carry checksums, so that damage is seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from snn_depth.data.streams.frame_source import FrameSource, Spikes
from snn_depth.data.streams.vidar import frame_bytes, unpack_frames

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


def read_text(file: h5py.File, name: str) -> str | None:
    """A text attribute, None where it is absent."""
    value = file.attrs.get(name)
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def corrupt_as_value_error(path: str | Path) -> Iterator[None]:
    """Turn whatever HDF5 raises on a damaged file into one ValueError that names the file."""
    try:
        yield
    except Exception as error:
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
    with corrupt_as_value_error(path):
        found, version = read_text(file, "format"), file.attrs.get("schema_version")
        is_recording, is_known = bool(found == FORMAT), bool(version == SCHEMA_VERSION)
    if not is_recording:
        raise ValueError(
            f"{path} is HDF5 but not a recording: attribute format is {found!r}; "
            f"accepted: {FORMAT!r}"
        )
    if not is_known:
        raise ValueError(f"{path}: schema_version is {version}; accepted: {SCHEMA_VERSION}")
    with corrupt_as_value_error(path):
        height, width = int(file.attrs["height"]), int(file.attrs["width"])
        burst_frames = int(file.attrs["burst_frames"])
        num_frames, num_key_frames = len(file["spikes"]), len(file["spike_index"])
        layout = key_frame_layout(height, width)
        found_layout = {
            name: (file[name].shape, file[name].dtype)
            for name in ("spikes", "intrinsics", *layout)
            if name in file
        }
    if height < 1 or width < 1 or burst_frames < 0 or not num_frames:
        raise ValueError(
            f"{path} is corrupt or empty: {num_frames} frames of {height}x{width} in bursts of "
            f"{burst_frames}"
        )
    expected: dict[str, tuple[tuple[int, ...], type]] = {
        "spikes": ((num_frames, frame_bytes(height, width)), np.uint8),
        "intrinsics": ((3, 3), np.float64),
    }
    expected |= {name: ((num_key_frames, *shape), kind) for name, (shape, kind) in layout.items()}
    for name, (found_shape, found_type) in found_layout.items():
        shape, kind = expected[name]
        if found_shape != shape or found_type != kind:
            raise ValueError(
                f"{path}: dataset {name} is {found_type} {found_shape}; "
                f"accepted: {np.dtype(kind)} {shape}"
            )

"""Opening recordings and checking that a file is one; `recording_layout` says what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from snn_depth.data.streams.frame_source import FrameSource, Spikes
from snn_depth.data.streams.recording_layout import (
    FORMAT,
    READ_VERSIONS,
    check_layout,
    recording_layout,
)
from snn_depth.data.streams.recording_sensors import read_sensor
from snn_depth.data.streams.vidar import unpack_frames
from snn_depth.geometry.rig import Sensor


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

    Raises:
        ValueError: If it is not HDF5, not a recording, of another schema version, or corrupt.
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


def read_sensors(file: h5py.File) -> dict[str, Sensor]:
    """The sensors beside the spikes by name, checked."""
    num_key_frames = len(file["spike_index"])
    groups = file["sensors"] if "sensors" in file else {}
    if "rgb" in groups and "rgb" in file:
        raise ValueError("rgb is both a picture with the spikes' pixels and a sensor of its own")
    return {name: read_sensor(group, num_key_frames) for name, group in groups.items()}


def _check(file: h5py.File, path: Path) -> None:
    with corrupt_as_value_error(path):
        found, version = read_text(file, "format"), file.attrs.get("schema_version")
        is_recording, is_known = bool(found == FORMAT), bool(version in READ_VERSIONS)
    if not is_recording:
        raise ValueError(
            f"{path} is HDF5 but not a recording: attribute format is {found!r}; "
            f"accepted: {FORMAT!r}"
        )
    if not is_known:
        accepted = " or ".join(map(str, READ_VERSIONS))
        raise ValueError(f"{path}: schema_version is {version}; accepted: {accepted}")
    with corrupt_as_value_error(path):
        height, width = int(file.attrs["height"]), int(file.attrs["width"])
        burst_frames = int(file.attrs["burst_frames"])
        num_frames, num_key_frames = len(file["spikes"]), len(file["spike_index"])
        if height < 1 or width < 1 or burst_frames < 0 or not num_frames:
            raise ValueError(f"{num_frames} frames of {height}x{width} in bursts of {burst_frames}")
        layout = recording_layout(height, width, num_frames, num_key_frames)
        check_layout(file, layout, optional=set(layout) - {"spikes", "spike_index"})
        read_sensors(file)

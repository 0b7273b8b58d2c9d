"""Spikes as numpy files, `.npy` and `.npz`."""

import errno
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from snn_depth.data.streams.frame_source import FrameSource, Spikes, array_source, as_spikes
from snn_depth.data.streams.vidar import KNOWN_SIZES
from snn_depth.files.atomic import atomic_path

AxisOrder = Literal["THW", "HWT"]
AXIS_ORDERS = ("THW", "HWT")


def open_npy(
    path: Path, axis_order: AxisOrder, height: int | None = None, width: int | None = None
) -> FrameSource:
    """Map an `.npy` file.

    With time last, reading one frame touches the whole file (unless it is in Fortran order, as
    `write_npy` makes it); memory is bounded all the same.

    Args:
        height: Rows, if known; without height and width, an order is refused that makes the
            frames of a known camera look like something else.

    Raises:
        ValueError: If the file is no array of three axes, or the axis order is wrong.
    """
    with path.open("rb") as file:
        return _source(_map_array(file, str(path)), str(path), axis_order, height, width)


def open_npz(
    path: Path,
    axis_order: AxisOrder,
    height: int | None = None,
    width: int | None = None,
    key: str | None = None,
) -> FrameSource:
    """Open an array of an `.npz` file, with arguments and errors as in `open_npy`.

    An uncompressed array is mapped where it lies. A compressed one cannot be sliced: it is
    unpacked once, into a nameless temporary file, which takes its size of disk, not of memory.

    Args:
        key: Name of the array; needed where there are several.
    """
    with path.open("rb") as file, tempfile.TemporaryFile() as unpacked:
        with _damage_as_value_error(str(path)):
            archive = zipfile.ZipFile(file)
        name = _choose(archive, path, key)
        label = f"{path}[{name.removesuffix('.npy')}]"
        with _damage_as_value_error(str(path)), archive.open(name) as member:
            info = archive.getinfo(name)
            if info.compress_type == zipfile.ZIP_STORED:
                array_file = _seek_member(file, info)
            else:
                copyfileobj(member, unpacked, 1 << 20)
                unpacked.seek(0)
                array_file = unpacked
        return _source(_map_array(array_file, label), label, axis_order, height, width)


def write_npy(
    path: Path, chunks: Iterable[Spikes], shape_THW: tuple[int, int, int], axis_order: AxisOrder
) -> None:
    """Write an `.npy` file of uint8, completely or not at all.

    With time last the array is in Fortran order: frame after frame, transposed. So it is written
    and read piece by piece in either order.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        _write_array(file, chunks, shape_THW, axis_order)


def write_npz(
    path: Path,
    chunks: Iterable[Spikes],
    shape_THW: tuple[int, int, int],
    axis_order: AxisOrder,
    key: str,
) -> None:
    """Write a compressed `.npz` file with one array, called `key`; else as `write_npy`."""
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(f"{key}.npy", "w", force_zip64=True) as file,
    ):
        _write_array(file, chunks, shape_THW, axis_order)


def _write_array(
    file: IO[bytes],
    chunks: Iterable[Spikes],
    shape_THW: tuple[int, int, int],
    axis_order: AxisOrder,
) -> None:
    _check_axis_order(axis_order)
    num_frames, height, width = shape_THW
    time_last = axis_order == "HWT"
    shape = (height, width, num_frames) if time_last else shape_THW
    header = {"descr": "|u1", "fortran_order": time_last, "shape": shape}
    npy_format.write_array_header_1_0(file, header)
    for chunk in chunks:
        frames = as_spikes(chunk)
        file.write(np.ascontiguousarray(frames.transpose(0, 2, 1) if time_last else frames).data)


def _choose(archive: zipfile.ZipFile, path: Path, key: str | None) -> str:
    keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    if key is None and len(keys) == 1:
        key = keys[0]
    if key not in keys:
        raise ValueError(f"{path}: key is {key!r}; accepted: {', '.join(keys) or 'none, no array'}")
    return f"{key}.npy"


def _seek_member(file: IO[bytes], info: zipfile.ZipInfo) -> IO[bytes]:
    """Go to the first byte of an uncompressed member, behind its local header (APPNOTE 4.3.7)."""
    file.seek(info.header_offset + 26)
    name_bytes, extra_bytes = struct.unpack("<HH", file.read(4))
    file.seek(name_bytes + extra_bytes, os.SEEK_CUR)
    return file


def _map_array(file: IO[bytes], label: str) -> NDArray[Any]:
    """Map the array of an open `.npy` file; the mapping outlives the file object."""
    with _damage_as_value_error(label):
        version = npy_format.read_magic(file)
        if version == (1, 0):
            shape, fortran_order, dtype = npy_format.read_array_header_1_0(file)
        else:
            shape, fortran_order, dtype = npy_format.read_array_header_2_0(file)
        if dtype.hasobject or not all(shape):
            raise ValueError(f"type {dtype} and shape {shape}")
        order: Literal["F", "C"] = "F" if fortran_order else "C"
        return np.memmap(file, dtype, "r", offset=file.tell(), shape=shape, order=order)


@contextmanager
def _damage_as_value_error(label: str) -> Iterator[None]:
    """Turn the many kinds that the parsers raise on damaged files into one ValueError."""
    try:
        yield
    except Exception as error:
        # A full disk is not the file's fault. EINVAL comes from seeking where a damaged zip points.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise ValueError(f"{label} is damaged, empty, or not an array file: {error}") from error


def _source(
    array: NDArray[Any], label: str, axis_order: AxisOrder, height: int | None, width: int | None
) -> FrameSource:
    _check_axis_order(axis_order)
    if array.ndim != 3:
        raise ValueError(f"{label} has shape {array.shape}; accepted: 3 axes, {axis_order}")
    array_THW = array if axis_order == "THW" else np.moveaxis(array, -1, 0)
    if height is None and width is None:
        sizes = {size[:2] for size in KNOWN_SIZES}
        other_order, other_size = (
            ("HWT", array.shape[:2]) if axis_order == "THW" else ("THW", array.shape[1:])
        )
        if other_size in sizes and array_THW.shape[1:] not in sizes:
            raise ValueError(
                f"{label} has shape {array.shape}: axis_order {axis_order} is wrong if this is a "
                f"{other_size[0]}x{other_size[1]} camera; accepted: {other_order}, or height and "
                f"width given"
            )
    return array_source(array_THW)


def _check_axis_order(axis_order: str) -> None:
    if axis_order not in AXIS_ORDERS:
        raise ValueError(f"axis_order is {axis_order!r}; accepted: {', '.join(AXIS_ORDERS)}")

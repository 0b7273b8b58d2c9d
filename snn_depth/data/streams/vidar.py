"""The spike camera's own `.dat` files and the packing of frames into bits.

A file has no header: frames follow one another, pixel p of a frame is bit p % 8 of byte p // 8,
least significant bit first, and rows are stored bottom-up. Source: SpikeCV `load_dat.py`,
confirmed on a recording with known frames. The camera's sizes are multiples of 8 bits; a frame of
another size takes ceil(H W / 8) bytes here, its last bits zero, so that every frame starts on a
byte.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.streams.frame_source import FrameSource, Spikes, as_spikes
from snn_depth.files.atomic import atomic_path

BitOrder = Literal["little", "big"]
BIT_ORDERS = ("little", "big")
# Height, width, extra columns: Vidar gen 1, the same as its USB device sends it, Vidar gen 2.
KNOWN_SIZES = ((250, 400, 0), (250, 400, 16), (1000, 1000, 0))


def frame_bytes(height: int, width: int) -> int:
    """Bytes of one packed frame: ceil(H W / 8)."""
    return -(-height * width // 8)


def pack_frames(spikes_THW: Spikes, bit_order: BitOrder = "little") -> Spikes:
    """Pack binary frames (T, H, W) into bits, uint8 (T, ceil(H W / 8)).

    Args:
        bit_order: Whether a byte's first pixel is its least ("little") or most significant bit.
    """
    num_frames, height, width = spikes_THW.shape
    return np.packbits(spikes_THW.reshape(num_frames, height * width), axis=1, bitorder=bit_order)


def unpack_frames(
    packed: NDArray[np.uint8], height: int, width: int, bit_order: BitOrder = "little"
) -> Spikes:
    """Inverse of `pack_frames`."""
    bits = np.unpackbits(packed, axis=1, count=height * width, bitorder=bit_order)
    return bits.reshape(len(packed), height, width)


def open_dat(
    path: Path,
    height: int,
    width: int,
    *,
    flip_rows: bool = True,
    bit_order: BitOrder = "little",
    head_columns: int = 0,
) -> FrameSource:
    """Map a `.dat` file.

    Args:
        flip_rows: Rows are stored bottom-up.
        head_columns: Columns stored to the right of the image that do not belong to it; 16 for
            the 416-column variant of the 400-column camera.

    Raises:
        ValueError: If an option is out of range, or the file's size is no whole number of frames.
    """
    _check_options(height, width, bit_order, head_columns)
    stored_width = width + head_columns
    num_bytes = frame_bytes(height, stored_width)
    size = path.stat().st_size
    if not size:
        raise ValueError(f"{path} is empty")
    if size % num_bytes:
        raise ValueError(_wrong_size(path, size, height, width, head_columns))
    packed = np.memmap(path, np.uint8, mode="r", shape=(size // num_bytes, num_bytes))

    def read(start: int, stop: int) -> Spikes:
        frames = unpack_frames(packed[start:stop], height, stored_width, bit_order)[:, :, :width]
        return np.ascontiguousarray(frames[:, ::-1] if flip_rows else frames)

    return FrameSource(len(packed), height, width, read)


def write_dat(
    path: Path,
    chunks: Iterable[Spikes],
    *,
    flip_rows: bool = True,
    bit_order: BitOrder = "little",
    head_columns: int = 0,
) -> None:
    """Write frames as a `.dat` file, completely or not at all; options as in `open_dat`."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for chunk in chunks:
            _check_options(chunk.shape[1], chunk.shape[2], bit_order, head_columns)
            frames = as_spikes(chunk)[:, ::-1] if flip_rows else as_spikes(chunk)
            frames = np.pad(frames, ((0, 0), (0, 0), (0, head_columns)))
            file.write(pack_frames(frames, bit_order).data)


def _check_options(height: int, width: int, bit_order: str, head_columns: int) -> None:
    if height < 1 or width < 1:
        raise ValueError(f"frame size is {height}x{width}; accepted: positive height and width")
    if head_columns < 0:
        raise ValueError(f"head_columns is {head_columns}; accepted: 0 or more")
    if bit_order not in BIT_ORDERS:
        raise ValueError(f"bit_order is {bit_order!r}; accepted: {', '.join(BIT_ORDERS)}")


def _wrong_size(path: Path, size: int, height: int, width: int, head_columns: int) -> str:
    num_bytes = frame_bytes(height, width + head_columns)
    fitting = [_size_name(*known) for known in KNOWN_SIZES if _fits(size, *known)]
    return (
        f"{path} has {size} bytes, which is not a whole number of frames of "
        f"{_size_name(height, width, head_columns)} ({num_bytes} bytes each; "
        f"{size % num_bytes} left over): truncated, or of another size. Known sizes that fit: "
        f"{', '.join(fitting) or 'none'}; give height and width if it is another"
    )


def _fits(size: int, height: int, width: int, head_columns: int) -> bool:
    return size % frame_bytes(height, width + head_columns) == 0


def _size_name(height: int, width: int, head_columns: int) -> str:
    return f"{height}x{width}" + (f" with {head_columns} head_columns" if head_columns else "")

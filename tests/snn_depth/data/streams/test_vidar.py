from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snn_depth.data.streams.vidar import BitOrder, open_dat, pack_frames, unpack_frames, write_dat

sizes = st.integers(1, 9)
bit_orders = st.sampled_from(["little", "big"])


def spikes(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, shape, np.uint8)


def slow_pack(frame: np.ndarray, lsb_first: bool) -> bytes:
    data = bytearray(-(-frame.size // 8))
    for p, value in enumerate(frame.ravel()):
        data[p // 8] |= int(value) << (p % 8 if lsb_first else 7 - p % 8)
    return bytes(data)


@given(sizes, sizes, sizes, bit_orders)
def test_packing_against_a_slow_loop(t: int, h: int, w: int, bit_order: BitOrder) -> None:
    frames = spikes((t, h, w))
    packed = pack_frames(frames, bit_order)
    for frame, row in zip(frames, packed, strict=True):
        assert row.tobytes() == slow_pack(frame, bit_order == "little")
    np.testing.assert_array_equal(unpack_frames(packed, h, w, bit_order), frames)


def test_file_by_hand(tmp_path: Path) -> None:
    """2 rows of 4: the bottom row is stored first, pixel 0 is the lowest bit."""
    path = tmp_path / "hand.dat"
    path.write_bytes(bytes([0b0001_0010, 0b1000_0000]))
    stream = open_dat(path, 2, 4)
    expected = [[[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 0, 1], [0, 0, 0, 0]]]
    np.testing.assert_array_equal(stream.read(0, 2), expected)
    unflipped = open_dat(path, 2, 4, flip_rows=False, bit_order="big").read(0, 1)
    np.testing.assert_array_equal(unflipped, [[[0, 0, 0, 1], [0, 0, 1, 0]]])


def test_head_columns_are_stored_but_not_shown(tmp_path: Path) -> None:
    path, frames = tmp_path / "head.dat", spikes((3, 250, 400))
    write_dat(path, [frames], head_columns=16)
    assert path.stat().st_size == 3 * 250 * 416 // 8
    np.testing.assert_array_equal(open_dat(path, 250, 400, head_columns=16).read(0, 3), frames)
    whole = open_dat(path, 250, 416).read(0, 3)
    np.testing.assert_array_equal(whole[:, :, :400], frames)
    assert not whole[:, :, 400:].any()


def test_wrong_size_names_bytes_and_what_would_fit(tmp_path: Path) -> None:
    path = tmp_path / "wrong.dat"
    path.write_bytes(bytes(2 * 13000))
    with pytest.raises(ValueError) as error:
        open_dat(path, 250, 400)
    for part in ("26000 bytes", "250x400", "12500 bytes each", "250x400 with 16 head_columns"):
        assert part in str(error.value)
    path.write_bytes(bytes(125_000 * 4 - 12_500))
    with pytest.raises(ValueError, match=r"112500 left over.*Known sizes that fit: 250x400;"):
        open_dat(path, 1000, 1000)
    path.write_bytes(bytes(12_499))
    with pytest.raises(ValueError, match="fit: none"):
        open_dat(path, 250, 400)


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.dat").touch()
    with pytest.raises(ValueError, match="is empty"):
        open_dat(tmp_path / "empty.dat", 250, 400)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head_columns": -1}, "head_columns is -1"),
        ({"bit_order": "middle"}, "bit_order is 'middle'; accepted: little, big"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_dat(tmp_path / "x.dat", [spikes((1, 2, 4))], **options)
    assert not list(tmp_path.iterdir())
    (tmp_path / "y.dat").write_bytes(b"a")
    with pytest.raises(ValueError, match=message):
        open_dat(tmp_path / "y.dat", 2, 4, **options)
    with pytest.raises(ValueError, match="0x4"):
        open_dat(tmp_path / "y.dat", 0, 4)

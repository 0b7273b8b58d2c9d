from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import DTypeLike

from snn_depth.data.streams.array_files import AxisOrder, open_npy, open_npz, write_npy, write_npz


def spikes(shape: tuple[int, int, int] = (5, 3, 4)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, shape, np.uint8)


@pytest.mark.parametrize("axis_order", ["THW", "HWT"])
def test_numpy_reads_what_is_written(tmp_path: Path, axis_order: AxisOrder) -> None:
    frames = spikes()
    write_npy(tmp_path / "a.npy", [frames[:2], frames[2:]], frames.shape, axis_order)
    write_npz(tmp_path / "a.npz", [frames[:2], frames[2:]], frames.shape, axis_order, "name")
    expected = frames if axis_order == "THW" else frames.transpose(1, 2, 0)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), expected)
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files == ["name"]
        np.testing.assert_array_equal(archive["name"], expected)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, ">i2", np.float16, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_what_numpy_writes(
    tmp_path: Path, save: Callable[..., None], dtype: DTypeLike, order: Literal["C", "F"]
) -> None:
    frames = spikes()
    array = np.array(frames.transpose(1, 2, 0), dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    save(tmp_path / "a.npz", array)
    for source in (open_npy(tmp_path / "a.npy", "HWT"), open_npz(tmp_path / "a.npz", "HWT")):
        assert (source.num_frames, source.height, source.width) == (5, 3, 4)
        read = source.read(1, 4)
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, frames[1:4])


def test_uncompressed_members_are_mapped_in_place(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", first=np.zeros(3), b=spikes())
    source = open_npz(tmp_path / "a.npz", "THW", key="b")
    content = (tmp_path / "a.npz").read_bytes()
    assert content.count(spikes().tobytes()) == 1
    with (tmp_path / "a.npz").open("r+b") as file:
        file.seek(content.index(spikes().tobytes()))
        file.write(b"\x01" * 12)
    assert source.read(0, 1).all()
    np.testing.assert_array_equal(source.read(1, 5), spikes()[1:])


def test_keys(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", left=spikes(), right=1 - spikes())
    np.testing.assert_array_equal(
        open_npz(tmp_path / "a.npz", "THW", key="right").read(0, 5), 1 - spikes()
    )
    for key in (None, "up"):
        with pytest.raises(ValueError, match=f"key is {key!r}; accepted: left, right"):
            open_npz(tmp_path / "a.npz", "THW", key=key)


def test_values_are_checked_where_they_are_read(tmp_path: Path) -> None:
    frames = spikes().astype(np.float32)
    frames[3, 0, 0] = 0.5
    np.save(tmp_path / "a.npy", frames)
    source = open_npy(tmp_path / "a.npy", "THW")
    np.testing.assert_array_equal(source.read(0, 3), frames[:3])
    with pytest.raises(ValueError, match=r"the value 0\.5; accepted: 0 and 1"):
        source.read(0, 4)


@pytest.mark.parametrize("value", [2, -1, 255, np.nan])
def test_non_binary_values(tmp_path: Path, value: float) -> None:
    dtype = np.float32 if np.isnan(value) else np.int16
    np.save(tmp_path / "a.npy", np.full((2, 2, 2), value, dtype))
    with pytest.raises(ValueError, match=f"the value {value}"):
        open_npy(tmp_path / "a.npy", "THW").read(0, 1)


def test_booleans_that_are_neither(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 2, 2), 7, np.uint8).view(np.bool_))
    with pytest.raises(ValueError, match="the value 7"):
        open_npy(tmp_path / "a.npy", "THW").read(0, 1)


@pytest.mark.parametrize("array", [np.full((1, 1, 1), "a"), np.zeros((1, 1, 1), complex)])
def test_other_kinds_of_values(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="accepted: boolean or numeric"):
        open_npy(tmp_path / "a.npy", "THW").read(0, 1)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (2, 2, 2, 2), (0, 3, 4), (2, 0, 4)])
def test_shapes_that_are_no_stream(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    np.savez(tmp_path / "a.npz", np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="shape"):
        open_npy(tmp_path / "a.npy", "THW")
    with pytest.raises(ValueError, match="shape"):
        open_npz(tmp_path / "a.npz", "THW")


def test_axis_order(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((250, 400, 10), np.uint8))
    with pytest.raises(ValueError, match="axis_order is 'TWH'; accepted: THW, HWT"):
        open_npy(tmp_path / "a.npy", "TWH")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"axis_order THW is wrong .* 250x400 .* accepted: HWT"):
        open_npy(tmp_path / "a.npy", "THW")
    assert open_npy(tmp_path / "a.npy", "HWT").height == 250
    assert open_npy(tmp_path / "a.npy", "THW", 400, 10).height == 400
    np.save(tmp_path / "b.npy", np.zeros((10, 250, 400), np.uint8))
    with pytest.raises(ValueError, match=r"axis_order HWT is wrong .* accepted: THW"):
        open_npy(tmp_path / "b.npy", "HWT")


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[[{}]]], object), allow_pickle=True)
    with pytest.raises(ValueError, match="object"):
        open_npy(tmp_path / "a.npy", "THW")


def test_damaged_files(tmp_path: Path) -> None:
    write_npy(tmp_path / "a.npy", [spikes()], (5, 3, 4), "THW")
    write_npz(tmp_path / "a.npz", [spikes()], (5, 3, 4), "THW", "spikes")
    for name, reader in (("a.npy", open_npy), ("a.npz", open_npz)):
        content = (tmp_path / name).read_bytes()
        for length in range(len(content)):
            (tmp_path / name).write_bytes(content[:length])
            with pytest.raises(ValueError, match=name):
                reader(tmp_path / name, "THW")


def test_nothing_half_written(tmp_path: Path) -> None:
    frames = spikes()
    for name in ("a.npy", "a.npz"):
        write = write_npy if name == "a.npy" else write_npz
        extra = () if name == "a.npy" else ("spikes",)
        with pytest.raises(ValueError, match="the value 3"):
            write(tmp_path / name, [frames, 3 * frames], (10, 3, 4), "THW", *extra)
        with pytest.raises(ValueError, match="axis_order is 'WHT'"):
            write(tmp_path / name, [frames], (5, 3, 4), "WHT", *extra)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())

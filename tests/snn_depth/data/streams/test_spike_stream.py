import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from snn_depth.data.streams.frame_source import FrameSource
from snn_depth.data.streams.recording import Recording, RecordingWriter
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import SpikeStream, open_spikes, save_spikes
from snn_depth.data.streams.textures import texture_from_playback

SUFFIXES = (".dat", ".npy", ".npz", ".h5", ".hdf5")


def spikes(shape: tuple[int, int, int] = (7, 3, 4), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, shape, np.uint8)


def test_simulated_recording_shows_its_picture(test_data_dir: Path) -> None:
    folder = test_data_dir / "spike_simulated"
    truth = np.asarray(Image.open(folder / "203_part1_key_id151.gt.png").convert("L"))
    with open_spikes(folder / "203_part1_key_id151.dat") as stream:
        assert stream.shape == (301, 250, 400)
        texture = texture_from_playback(stream, 151, 17)
    assert np.corrcoef(texture.ravel(), truth.ravel())[0, 1] >= 0.98


def test_real_dat_equals_its_npz(test_data_dir: Path) -> None:
    folder = test_data_dir / "spike_real"
    with (
        open_spikes(folder / "real_spike_first300_vidar.dat") as dat,
        open_spikes(folder / "real_spike.npz", SpikeFileOptions(axis_order="HWT")) as npz,
    ):
        assert dat.shape == (300, 250, 400)
        assert npz.shape == (500, 250, 400)
        np.testing.assert_array_equal(dat[:], npz[:300])
        np.testing.assert_array_equal(dat[-1], npz[299])
        assert dat.sample_rate_hz == npz.sample_rate_hz == 20_000
    with pytest.raises(ValueError, match="axis_order THW is wrong"):
        open_spikes(folder / "real_spike.npz")


def test_written_like_the_camera(test_data_dir: Path, tmp_path: Path) -> None:
    original = test_data_dir / "spike_real" / "real_spike_first300_vidar.dat"
    with open_spikes(original) as stream:
        save_spikes(stream, tmp_path / "copy.dat")
    assert (tmp_path / "copy.dat").read_bytes() == original.read_bytes()


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.integers(1, 11)] * 3),
    st.sampled_from(SUFFIXES),
    st.sampled_from(["THW", "HWT"]),
    st.booleans(),
    st.sampled_from(["little", "big"]),
    st.integers(0, 5),
    st.sampled_from([bool, np.uint8, np.float32]),
    st.integers(0, 9),
)
def test_round_trips(
    shape: tuple[int, int, int],
    suffix: str,
    axis_order: str,
    flip_rows: bool,
    bit_order: str,
    head_columns: int,
    dtype: type,
    seed: int,
) -> None:
    frames = spikes(shape, seed)
    options_of: dict[str, dict[str, Any]] = {
        ".dat": {"flip_rows": flip_rows, "bit_order": bit_order, "head_columns": head_columns},
        ".npy": {"axis_order": axis_order},
        ".npz": {"axis_order": axis_order, "key": "a"},
    }
    given = options_of.get(suffix, {})
    options = SpikeFileOptions(height=shape[1], width=shape[2], **given)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        save_spikes(frames.astype(dtype), path, SpikeFileOptions(**given))
        with open_spikes(path, options) as stream:
            assert stream.shape == shape
            np.testing.assert_array_equal(stream[:], frames)
            again = path.with_name(f"b{suffix}")
            save_spikes(stream, again, options)
        with open_spikes(again, options) as stream:
            np.testing.assert_array_equal(stream[:], frames)


@given(
    st.one_of(
        st.integers(-7, 6), st.slices(7), st.slices(20), st.just(slice(5, 2)), st.just(slice(9, 99))
    )
)
def test_indexing_is_numpys(index: int | slice) -> None:
    frames = spikes()
    np.testing.assert_array_equal(SpikeStream.from_array(frames)[index], frames[index])


def test_only_the_slice_is_read() -> None:
    asked = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return np.zeros((stop - start, 2, 2), np.uint8)

    stream = SpikeStream(FrameSource(10**9, 2, 2, read))
    stream[10**8 : 10**8 + 5]
    stream[-1]
    stream[: 10**9 : 5 * 10**8]
    next(stream.chunks(100))
    half = 5 * 10**8
    expected = [(10**8, 10**8 + 5), (10**9 - 1, 10**9), (0, 1), (half, half + 1), (0, 100)]
    assert asked == expected


@pytest.mark.parametrize("suffix", [".dat", ".npy"])
def test_a_large_file_is_sliced(tmp_path: Path, suffix: str) -> None:
    """10 GB (a sparse file): opened and sliced in no time and next to no memory."""
    save_spikes(spikes((8, 250, 400)), tmp_path / f"a{suffix}")
    path = tmp_path / f"a{suffix}"
    frame_bytes, header = (12_500, 0) if suffix == ".dat" else (100_000, 128)
    num_frames = 10**10 // frame_bytes
    content = path.read_bytes()
    if header:
        old, new = b"(8, 250, 400), }", f"({num_frames}, 250, 400), }}".encode()
        start = content.index(old)
        content = content[:start] + new + content[start + len(new) :]
    with path.open("wb") as file:
        file.write(content)
        file.truncate(header + num_frames * frame_bytes)
    with open_spikes(path) as stream:
        assert stream.num_frames == num_frames
        np.testing.assert_array_equal(stream[:8], spikes((8, 250, 400)))
        assert not stream[-3:].any()


def test_stream_from_array() -> None:
    with SpikeStream.from_array(spikes(), 1e4) as stream:
        assert (len(stream), stream.height, stream.width) == (7, 3, 4)
        assert stream.sample_rate_hz == 1e4
        np.testing.assert_array_equal(np.concatenate(list(stream.chunks(3))), spikes())
        stream[0][:] = 9  # what is read is the caller's own
        np.testing.assert_array_equal(stream[0], spikes()[0])
        with pytest.raises(IndexError, match="frame 7 of a stream with 7"):
            stream[7]
        with pytest.raises(ValueError, match="num_frames is 0"):
            next(stream.chunks(0))
    with pytest.raises(ValueError, match="closed"):
        stream[0]
    with pytest.raises(ValueError, match=r"shape \(3, 4\)"):
        SpikeStream.from_array(spikes()[0])
    with pytest.raises(ValueError, match="sample_rate_hz is -1"):
        SpikeStream.from_array(spikes(), -1.0)


def test_size_of_a_dat(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    save_spikes(spikes((3, 8, 6)), path)
    with pytest.raises(ValueError, match=r"18 bytes, .* 250x400"):
        open_spikes(path)
    with pytest.raises(ValueError, match="height is 8, width is None; accepted: both"):
        open_spikes(path, SpikeFileOptions(height=8))
    (tmp_path / "config.yaml").write_text("spike_h: 8\nspike_w: 6\n")
    with open_spikes(path) as stream:
        np.testing.assert_array_equal(stream[:], spikes((3, 8, 6)))
    asked = SpikeFileOptions(height=4, width=6)
    with open_spikes(path, asked) as stream:  # what is asked for goes first
        assert stream.shape == (6, 4, 6)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5"])
def test_a_size_that_is_insisted_on(tmp_path: Path, suffix: str) -> None:
    save_spikes(spikes(), tmp_path / f"a{suffix}")
    with pytest.raises(ValueError, match="frames of 3x4, not of height 8 and width None"):
        open_spikes(tmp_path / f"a{suffix}", SpikeFileOptions(height=8))
    with pytest.raises(ValueError, match="frames of 3x4, not of height None and width 5"):
        save_spikes(spikes(), tmp_path / f"b{suffix}", SpikeFileOptions(width=5))
    assert not (tmp_path / f"b{suffix}").exists()


def test_suffixes(tmp_path: Path) -> None:
    for name in ("a.mp4", "a"):
        with pytest.raises(ValueError, match=r"suffix .* accepted: .dat, .npy, .npz, .h5, .hdf5"):
            open_spikes(tmp_path / name)
        with pytest.raises(ValueError, match="suffix"):
            save_spikes(spikes(), tmp_path / name)
    for suffix in SUFFIXES:
        with pytest.raises(FileNotFoundError):
            open_spikes(tmp_path / f"missing{suffix}")


def test_recordings_keep_the_sample_rate(tmp_path: Path) -> None:
    save_spikes(spikes(), tmp_path / "a.h5", SpikeFileOptions(sample_rate_hz=1234.0))
    with open_spikes(tmp_path / "a.h5") as stream:
        assert stream.sample_rate_hz == 1234.0
        save_spikes(stream, tmp_path / "b.h5", SpikeFileOptions(sample_rate_hz=9.0))
    with open_spikes(tmp_path / "b.h5") as stream:
        assert stream.sample_rate_hz == 1234.0


def test_ignored_options_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_spikes(spikes(), tmp_path / "a.npy", SpikeFileOptions(sample_rate_hz=5.0))
    assert not caplog.messages
    open_spikes(tmp_path / "a.npy", SpikeFileOptions(flip_rows=False, key="a")).close()
    assert caplog.messages == [
        "flip_rows=False is ignored for .npy files",
        "key='a' is ignored for .npy files",
    ]


LIMITED_WRITER = """
import resource, signal, sys
import numpy as np
from snn_depth.data.streams.recording import Recording, RecordingWriter
from snn_depth.data.streams.spike_stream import save_spikes
spikes = np.random.default_rng(0).integers(0, 2, (400, 100, 100), np.uint8)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for suffix in sys.argv[2:]:
    for limit in (4096, 200_000, 495_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            save_spikes(spikes, f"{sys.argv[1]}/a{suffix}")
        except OSError as error:
            print(suffix, error)
"""


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    """In a process of its own: HDF5 used to end it with a segmentation fault."""
    pytest.importorskip("resource", reason="file size limits are of Unix")
    result = subprocess.run(
        [sys.executable, "-c", LIMITED_WRITER, str(tmp_path), *SUFFIXES],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = [f"{suffix} [Errno 27] File too large" for suffix in SUFFIXES for _ in range(3)]
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == expected
    assert not list(tmp_path.iterdir())


def read_or_refuse(path: Path) -> None:
    try:
        with open_spikes(path, SpikeFileOptions(height=2, width=3)) as stream:
            frames = stream[:5]
    except ValueError:
        return
    assert frames.dtype == np.uint8
    assert frames.shape[1:] == (2, 3)
    assert not frames.size or frames.max() <= 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SUFFIXES), st.booleans())
def test_random_bytes(content: bytes, suffix: str, magic: bool) -> None:
    start = {".npy": b"\x93NUMPY\x01\x00", ".npz": b"PK\x03\x04", ".h5": b"\x89HDF\r\n\x1a\n"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(start.get(suffix, b"") * magic + content)
        read_or_refuse(path)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([".npy", ".npz"]), st.data())
def test_changed_bytes(suffix: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        save_spikes(spikes((6, 2, 3)), path)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        read_or_refuse(path)


def test_changed_bytes_of_recordings(tmp_path: Path) -> None:
    """Always the same changes: a crash inside HDF5 could not be told from a bad draw."""
    path, rng = tmp_path / "a.h5", np.random.default_rng(0)
    with RecordingWriter(path, 2, 3, 1.0, camera={"gain": 1}, intrinsics=np.eye(3)) as writer:
        writer.append_spikes(spikes((6, 2, 3)))
        writer.append_key_frame(spike_index=3, timestamp_s=0.0, pose=np.eye(4))
    content = np.frombuffer(path.read_bytes(), np.uint8)
    num_refused = 0
    for _ in range(300):
        changed = content.copy()
        changed[rng.choice(np.flatnonzero(content))] ^= rng.integers(1, 256, dtype=np.uint8)
        path.write_bytes(changed.tobytes())
        try:
            with Recording.open(path) as recording:
                np.testing.assert_array_equal(recording.window(0, 4), spikes((6, 2, 3))[1:5])
                recording.pose(0)
        except ValueError:
            num_refused += 1
    assert num_refused > 240  # the others hit unused space or parts that are not read here


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_truncated_recordings(part: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        save_spikes(spikes((6, 2, 3)), path)
        content = path.read_bytes()
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(ValueError, match=r"a\.h5"):
            open_spikes(path)[:]

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from snn_depth.data.sets.recording_folder import RecordingFolder
from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.recording_writer import RecordingWriter


def test_key_frames_are_counted_by_their_parts(
    make_recording: Callable[..., Path], tmp_path: Path
) -> None:
    make_recording(tmp_path / "a.h5", num_key_frames=4)
    make_recording(tmp_path / "sub" / "b.h5")
    make_recording(tmp_path / "c.h5", with_rgb=False, with_depth=False)
    assert RecordingFolder.recognises(tmp_path)
    assert not RecordingFolder.recognises(tmp_path / "nowhere")
    report = RecordingFolder.check_layout(tmp_path)
    assert report.num_samples == {"spikes, RGB, depth": 7, "spikes": 3}
    assert report.problems == []


def test_everything_wrong_is_named(make_recording: Callable[..., Path], tmp_path: Path) -> None:
    good = make_recording(tmp_path / "a.h5")
    other = make_recording(tmp_path / "b.h5", width=50)
    (tmp_path / "c.h5").write_text("hello")
    with RecordingWriter(tmp_path / "d.h5", 32, 48, 20_000.0) as writer:
        writer.append_spikes(np.zeros((4, 32, 48), np.uint8))
    report = RecordingFolder.check_layout(tmp_path)
    assert report.num_samples == {"spikes, RGB, depth": 6}
    damaged, empty, different = report.problems
    assert "c.h5 is not a readable HDF5 file" in damaged
    assert empty == f"{tmp_path / 'd.h5'} has no key frame, so that it makes no sample"
    assert different == (
        f"recordings differ in size or rate: 32x48 at 20000 Hz ({good}), "
        f"32x50 at 20000 Hz ({other})"
    )
    (tmp_path / "empty").mkdir()
    (problem,) = RecordingFolder.check_layout(tmp_path / "empty").problems
    assert problem == f"no recording (*.h5) in folder {tmp_path / 'empty'}"


def test_preview_is_the_first_whole_window(
    make_recording: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_recording(tmp_path / "a.h5", num_key_frames=6)
    sample = RecordingFolder.preview(tmp_path)
    with Recording.open(path) as recording:
        # 64 frames fit around spike frame 50 (key frame 2), not around 10 and 30.
        expected = recording.spikes[18:82].sum(0)
    np.testing.assert_array_equal(sample["spikes"].image[0, 0], expected)
    assert sample["rgb"].image.shape == (3, 32, 48) and sample["spikes"].depth_m.shape == (
        1,
        32,
        48,
    )
    make_recording(tmp_path / "short" / "b.h5")
    with pytest.raises(ValueError, match="no key frame with 64 spike frames around it"):
        RecordingFolder.preview(tmp_path / "short")

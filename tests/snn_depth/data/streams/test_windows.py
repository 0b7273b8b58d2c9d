from pathlib import Path

import numpy as np
import pytest

from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.windows import recorded_bursts_and_intrinsics, window_starts


def test_windows_by_hand() -> None:
    assert window_starts(50, 16, None) == [0, 16, 32]
    assert window_starts(50, 16, 10) == [0, 10, 20, 30]
    assert window_starts(16, 16, 100) == [0]
    # Bursts of 20: nothing reaches from one into the next, nor into the unfinished third.
    assert window_starts(50, 16, 3, burst_frames=20) == [0, 3, 20, 23]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((15, 16, None), "has 15 frames; the network needs windows of 16"),
        ((50, 16, 0), "stride_frames is 0"),
        ((50, 16, -1), "stride_frames is -1"),
    ],
)
def test_impossible_windows(arguments: tuple[int, int, int | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        window_starts(*arguments)
    with pytest.raises(ValueError, match="bursts of 10 frames"):
        window_starts(50, 16, None, burst_frames=10)


def test_only_the_projects_own_files_know_their_camera(tmp_path: Path) -> None:
    matrix = np.array([[40.0, 0, 3], [0, 41, 2], [0, 0, 1]])
    path = tmp_path / "bursts.h5"
    with RecordingWriter(path, 4, 6, 1000.0, burst_frames=8, intrinsics=matrix) as writer:
        writer.append_spikes(np.zeros((16, 4, 6), np.uint8))
    burst_frames, intrinsics = recorded_bursts_and_intrinsics(path)
    assert burst_frames == 8
    assert np.array_equal(intrinsics, matrix)
    assert recorded_bursts_and_intrinsics(tmp_path / "any.dat") == (0, None)

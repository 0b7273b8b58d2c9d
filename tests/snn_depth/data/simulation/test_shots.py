from dataclasses import replace

import numpy as np
import pytest
from PIL import Image


def test_gaps(sequence):
    slow = replace(sequence, timestamps_s=[0.0, 0.1, 0.5, 0.6])
    assert slow.gap_s(1, 0) == pytest.approx(0.1)
    assert slow.gap_s(1, 2) is None
    assert slow.gap_s(0, -1) is None
    assert slow.gap_s(3, 4) is None
    assert replace(sequence, timestamps_s=None).gap_s(1, 0) is None


def test_file_name_tells_what_it_consists_of(sequence):
    assert sequence.file_name() == replace(sequence).file_name()
    others = [
        replace(sequence, key_frames=[0, 1]),
        replace(sequence, timestamps_s=None),
        replace(sequence, shots=sequence.shots[::-1]),
        replace(sequence, intrinsics=2 * sequence.intrinsics),
    ]
    assert len({other.file_name() for other in [sequence, *others]}) == 5


def test_file_name_does_not_tell_where_it_lies(sequence, tmp_path):
    shots = [replace(shot, rgb=tmp_path / "elsewhere" / shot.rgb.name) for shot in sequence.shots]
    assert replace(sequence, shots=shots).file_name() == sequence.file_name()


def test_bad_sequences(sequence):
    with pytest.raises(ValueError, match="drive has no picture with depth"):
        replace(sequence, key_frames=[])
    with pytest.raises(ValueError, match="drive has 4 pictures but 3 times"):
        replace(sequence, timestamps_s=[0.0, 0.1, 0.2])
    with pytest.raises(ValueError, match="drive has 4 pictures but 1 poses"):
        replace(sequence, poses=np.eye(4)[None])


def test_depth_of_another_size(sequence, tmp_path):
    Image.fromarray(np.ones((24, 39), np.uint16)).save(tmp_path / "1.depth.png")
    with pytest.raises(
        ValueError, match=r"1\.depth\.png is \(24, 39\) but its picture is \(24, 40\)"
    ):
        sequence.shots[1].read()

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest


def test_gaps_in_time(sequence):
    frames = sequence.frames
    assert sequence.gap_s(frames[0], frames[1]) == pytest.approx(0.1)
    assert sequence.gap_s(frames[1], frames[0]) is None
    assert sequence.gap_s(frames[1], frames[1]) is None
    assert sequence.gap_s(frames[0], frames[3]) is None  # 0.3 s
    assert replace(sequence, max_gap_s=0.05).gap_s(frames[0], frames[1]) is None
    assert sequence.gap_s(frames[0], replace(frames[1], time_s=None)) is None


def test_a_constant_rate_is_exact(sequence):
    steady = replace(sequence, frame_rate_hz=30.0)
    assert steady.gap_s(*sequence.frames[:2]) == Fraction(1, 30)
    assert steady.time_s(1, sequence.frames[1]) == 1 / 30


@pytest.mark.parametrize(
    ("key_frames", "times_s", "needed"),
    [
        ([0, 1, 2], [0.0, 0.1, 0.2, 0.3], [0, 1, 2, 3]),
        ([0], [0.0, 0.1, 0.2, 0.3], [0, 1]),
        ([3], [0.0, 0.1, 0.2, 0.3], [2, 3]),
        ([1], [0.0, 1.0, 1.1, 1.2], [1, 2]),
        ([0, 3], [None] * 4, [0, 3]),
        (None, [None] * 4, [0, 1, 2, 3]),
    ],
)
def test_only_what_is_needed_is_read(sequence, key_frames, times_s, needed):
    frames = [replace(f, time_s=t) for f, t in zip(sequence.frames, times_s, strict=True)]
    chosen = replace(sequence, frames=frames, key_frames=key_frames)
    assert [number for number, _ in chosen.needed()] == needed
    assert chosen.num_key_frames == (4 if key_frames is None else len(key_frames))


def test_record_and_file_name(sequence):
    record = sequence.record()
    assert json.loads(json.dumps(record)) == record
    assert record == {
        "name": "drive",
        "pictures": ["0.png", "1.png", "2.png", "3.png"],
        "key_frames": [0, 1, 2],
        "timestamps_s": [0.0, 0.1, 0.2, 0.3],
        "max_gap_s": 0.25,
        "intrinsics": [[30, 0, 19.5], [0, 30, 11.5], [0, 0, 1]],
        "poses": None,
    }
    # sha256 of the JSON text, as it names the files that users have in their caches.
    assert sequence.file_name() == "drive-6fe37de6.h5"


def test_file_name_tells_what_it_consists_of(sequence):
    assert sequence.file_name() == replace(sequence).file_name()

    def with_frames(**changes):
        frames = [replace(frame, **changes) for frame in sequence.frames]
        return replace(sequence, frames=frames)

    others = [
        replace(sequence, key_frames=[0, 1]),
        replace(sequence, key_frames=None),
        replace(sequence, max_gap_s=0.1),
        with_frames(time_s=None),
        with_frames(pose=np.eye(4)),
        replace(sequence, frames=sequence.frames[::-1]),
        replace(sequence, intrinsics=2 * sequence.intrinsics),
    ]
    assert len({other.file_name() for other in [sequence, *others]}) == 8


def test_file_name_does_not_tell_where_it_lies(sequence, tmp_path):
    frames = [replace(frame, rgb=tmp_path / "elsewhere" / frame.name) for frame in sequence.frames]
    assert replace(sequence, frames=frames).file_name() == sequence.file_name()


def test_no_key_frame(sequence):
    with pytest.raises(ValueError, match="sequence drive has no picture with depth"):
        replace(sequence, key_frames=[])

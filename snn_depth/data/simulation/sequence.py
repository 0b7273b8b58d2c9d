"""A sequence of frames that are not read yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.frames import StoredFrame
from snn_depth.files.digest import json_sha256


class Frames(Protocol):
    """Some frames in order; their number may be a guess (some videos declare it wrongly)."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[StoredFrame]: ...


@dataclass(frozen=True, eq=False)
class FrameSequence:
    """Frames in the order of time, and which of them become key frames of a recording.

    Attributes:
        name: Unique in its data set.
        key_frames: Numbers of the key frames, ascending; None takes all. The frames beside them
            only tell how the light moves.
        frame_rate_hz: Constant rate of the frames; None where each has a time of its own, or none.
        intrinsics: (3, 3) in pixels of the stored pictures; None if unknown.
        max_gap_s: Frames further apart in time show too different things to join them. Frames of
            a constant rate are always joined.
        description: What `record` is to say, JSON-ready; by default names, times and poses.

    Raises:
        ValueError: If there is no key frame, or the frame rate is not positive.
    """

    name: str
    frames: Frames
    key_frames: Sequence[int] | None = None
    frame_rate_hz: float | None = None
    intrinsics: NDArray[np.float64] | None = None
    max_gap_s: float = 0.25
    description: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.key_frames is not None and not self.key_frames:
            raise ValueError(f"sequence {self.name} has no picture with depth")
        if self.frame_rate_hz is not None and not 0 < self.frame_rate_hz < np.inf:
            raise ValueError(f"frame_rate_hz must be positive, not {self.frame_rate_hz}")

    @property
    def num_key_frames(self) -> int:
        """How many frames become key frames."""
        return len(self.frames if self.key_frames is None else self.key_frames)

    def is_key_frame(self, number: int) -> bool:
        """Whether the frame of this number becomes a key frame."""
        return self._chosen is None or number in self._chosen

    @cached_property
    def _chosen(self) -> frozenset[int] | None:
        return None if self.key_frames is None else frozenset(self.key_frames)

    def time_s(self, number: int, frame: StoredFrame) -> float:
        """Time of a frame; 0 where it is not known."""
        if self.frame_rate_hz is not None:
            return number / self.frame_rate_hz
        return 0.0 if frame.time_s is None else frame.time_s

    def gap_s(self, first: StoredFrame, second: StoredFrame) -> float | Fraction | None:
        """Time from a frame to the next, exact at a constant rate; None: they are not joined."""
        if self.frame_rate_hz is not None:
            return 1 / Fraction(self.frame_rate_hz)
        if first.time_s is None or second.time_s is None:
            return None
        gap_s = second.time_s - first.time_s
        return gap_s if 0 < gap_s <= self.max_gap_s else None

    def needed(self) -> Iterator[tuple[int, StoredFrame]]:
        """The key frames and what is joined to them, with their numbers."""
        if self._chosen is None:
            yield from enumerate(self.frames)
            return
        wanted = set(self._chosen)
        for number, (first, second) in enumerate(pairwise(self.frames)):
            if self.gap_s(first, second) is not None and (
                self.is_key_frame(number) or self.is_key_frame(number + 1)
            ):
                wanted |= {number, number + 1}
        yield from ((k, frame) for k, frame in enumerate(self.frames) if k in wanted)

    def record(self) -> dict[str, Any]:
        """What the sequence consists of, as JSON-ready values."""
        if self.description is not None:
            return dict(self.description)
        key_frames = range(len(self.frames)) if self.key_frames is None else self.key_frames
        times_s = [frame.time_s for frame in self.frames]
        poses = [None if frame.pose is None else frame.pose.tolist() for frame in self.frames]
        return {
            "name": self.name,
            "pictures": [frame.name for frame in self.frames],
            "key_frames": list(key_frames),
            "timestamps_s": None if None in times_s else times_s,
            "max_gap_s": self.max_gap_s,
            "intrinsics": None if self.intrinsics is None else self.intrinsics.tolist(),
            "poses": None if None in poses else poses,
        }

    def file_name(self) -> str:
        """Name of its recording: a sequence that consists of something else has another."""
        return f"{self.name}-{json_sha256(self.record(), sort_keys=False)[:8]}.h5"

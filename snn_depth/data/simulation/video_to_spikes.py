"""From a picture sequence to a recording of spikes."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.camera import SpikeCamera, simulate_spikes
from snn_depth.data.simulation.scene import (
    Interpolation,
    Join,
    burst_light,
    continuous_light,
    scene_between,
)
from snn_depth.data.simulation.sequence import Frame, PictureSequence
from snn_depth.data.streams.recording import RecordingWriter

# Light held at once: 16 MB of float32.
_CHUNK_PIXELS = 1 << 22


@dataclass(frozen=True)
class VideoToSpikes:
    """How pictures become spikes.

    Attributes:
        camera: The spike camera.
        burst_frames: Spike frames around each picture (half before, half after); 0 = one
            continuous stream from the first picture to the last.
        interpolation: How the light changes between pictures (see `scene_between`).
        gamma: Exponent that decodes the pictures into light (see `linear_intensity`).
        size: Height and width of the sensor; None keeps the pictures' own.

    Raises:
        ValueError: If a number is out of range.
    """

    camera: SpikeCamera
    burst_frames: int = 128
    interpolation: Interpolation = "flow"
    gamma: float = 2.2
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.burst_frames < 0:
            raise ValueError(f"burst_frames must be 0 or more, not {self.burst_frames}")
        if not 0 < self.gamma < math.inf:
            raise ValueError(f"gamma must be positive, not {self.gamma}")

    def record(self, sequence: PictureSequence, seed: Sequence[int]) -> dict[str, Any]:
        """Everything that a sequence's recording depends on, as JSON-ready values."""
        return (
            asdict(self)
            | sequence.record()
            | {
                "camera": self.camera.settings(),
                "size": None if self.size is None else list(self.size),
                "seed": list(seed),
            }
        )

    def frames_per_picture(self, sequence: PictureSequence) -> Fraction:
        """Spike frames from one picture to the next; exact, so that nothing drifts."""
        return Fraction(self.camera.sample_rate_hz) / Fraction(sequence.frame_rate_hz)

    def spike_index(self, sequence: PictureSequence, picture: int) -> int:
        """Number of the spike frame at the time of a picture."""
        if self.burst_frames:
            return picture * self.burst_frames + self.burst_frames // 2
        return math.floor(picture * self.frames_per_picture(sequence))

    def num_spike_frames(self, sequence: PictureSequence) -> int:
        """Length of a sequence's recording."""
        num_pictures = sequence.pictures.num_frames
        if self.burst_frames:
            return num_pictures * self.burst_frames
        return self.spike_index(sequence, num_pictures - 1) + 1


def write_recording(
    sequence: PictureSequence,
    settings: VideoToSpikes,
    path: Path,
    seed: Sequence[int],
    on_progress: Callable[[int], None] = lambda spike_frames: None,
) -> None:
    """Simulate a sequence and write the recording, completely or not at all.

    Memory does not grow with the length: pictures are read one at a time.

    Args:
        sequence: The pictures.
        settings: How to simulate.
        path: Recording to write (`.h5`).
        seed: Seeds of the initial charge and the temporal noise; give every sequence its own.
        on_progress: Called with the number of new spike frames.

    Raises:
        ValueError: If the pictures are too few or too far apart for the settings, a part that
            the interpolation needs is missing, or the input is bad.
        OSError: If writing fails.
    """
    _check_lengths(sequence, settings)
    frames = sequence.frames(settings.size, settings.gamma)
    intrinsics = sequence.scaled_intrinsics(settings.size)
    join = partial(scene_between, interpolation=settings.interpolation, intrinsics=intrinsics)
    height, width = settings.size or sequence.picture_size()
    with RecordingWriter(
        path,
        height,
        width,
        settings.camera.sample_rate_hz,
        burst_frames=settings.burst_frames,
        intrinsics=intrinsics,
        camera=settings.record(sequence, seed),
    ) as writer:

        def recorded() -> Iterator[Frame]:
            for index, frame in enumerate(frames):
                writer.append_key_frame(
                    rgb=frame.rgb,
                    depth_m=frame.depth_m,
                    pose=frame.pose,
                    timestamp_s=index / sequence.frame_rate_hz,
                    spike_index=settings.spike_index(sequence, index),
                )
                yield frame

        per_picture = settings.frames_per_picture(sequence)
        for spikes in _spikes(recorded(), join, settings, per_picture, seed):
            writer.append_spikes(spikes)
            on_progress(len(spikes))


def _spikes(
    frames: Iterable[Frame],
    join: Join,
    settings: VideoToSpikes,
    frames_per_picture: Fraction,
    seed: Sequence[int],
) -> Iterator[NDArray[np.uint8]]:
    if not settings.burst_frames:
        light = continuous_light(frames, join, frames_per_picture)
        yield from simulate_spikes(_chunks(light), settings.camera, seed)
        return
    bursts = burst_light(frames, join, settings.burst_frames, frames_per_picture)
    for index, light in enumerate(bursts):
        yield from simulate_spikes(_chunks(light), settings.camera, (*seed, index))


def _check_lengths(sequence: PictureSequence, settings: VideoToSpikes) -> None:
    if sequence.pictures.num_frames == 1:
        if not settings.burst_frames:
            raise ValueError("a continuous stream needs two pictures or more, found one")
    elif settings.burst_frames > 2 * settings.frames_per_picture(sequence):
        raise ValueError(
            f"a burst of {settings.burst_frames} spike frames reaches beyond the neighbouring "
            f"pictures at {sequence.frame_rate_hz:g} Hz; use burst_frames 0 (continuous stream)"
        )


def _chunks(pictures: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Stack consecutive pictures to (t, H, W), as many as fit the memory set aside."""
    stack: list[NDArray[np.float32]] = []
    for picture in pictures:
        stack.append(picture)
        if len(stack) * picture.size >= _CHUNK_PIXELS:
            yield np.stack(stack)
            stack = []
    if stack:
        yield np.stack(stack)

"""Simulating the spikes of one sequence."""

import math
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.camera import simulate_spikes
from snn_depth.data.simulation.frames import Frame
from snn_depth.data.simulation.light import (
    Interval,
    Join,
    burst_light,
    continuous_light,
    scene_between,
)
from snn_depth.data.simulation.sequence import FrameSequence
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.data.streams.frame_source import Spikes
from snn_depth.data.streams.recording import Recording, RecordingWriter
from snn_depth.data.streams.spike_stream import open_spikes, save_spikes

RECORDING_SUFFIXES = {".h5", ".hdf5"}
STREAM_SUFFIXES = {".dat", ".npy", ".npz"}
# Light held at once: 16 MB of float32.
_CHUNK_PIXELS = 1 << 22


@dataclass(frozen=True, eq=False)
class SimulationJob:
    """One sequence to simulate.

    Attributes:
        output: File to write; its suffix decides between a recording and bare spikes.
        seed: Seed of the initial charge and the temporal noise, to which the output's name and
            a burst's number add. None seeds each burst by its frame's name alone, so that it does
            not depend on which other frames are chosen.
    """

    sequence: FrameSequence
    simulation: SpikeSimulation
    output: Path
    seed: int | None = None

    def record(self) -> dict[str, Any]:
        """Everything that the recording depends on, as JSON-ready values."""
        described = self.sequence.description or {"sequence": self.output.stem}
        return {**self.simulation.record(), **described, "seed": self._seeds()}

    def check_settings(self) -> None:
        """Make sure that the existing output is the one that this job would write.

        Bare spikes do not tell what they were made with.

        Raises:
            ValueError: If it is a recording made with other settings, or not a recording.
        """
        if self.output.suffix not in RECORDING_SUFFIXES:
            return
        with Recording.open(self.output) as recording:
            made_with = recording.camera
        if made_with != self.record():
            raise ValueError(
                f"{self.output} was made with other settings; overwrite it or choose another output"
            )

    @property
    def num_spike_frames(self) -> int:
        """Length of the recording."""
        if self.simulation.burst_frames:
            return self.sequence.num_key_frames * self.simulation.burst_frames
        return self._spike_index(len(self.sequence.frames) - 1) + 1

    def run(self, on_progress: Callable[[int], None]) -> None:
        """Simulate and write the output, completely or not at all.

        Memory does not grow with the length: frames are read one at a time.

        Args:
            on_progress: Called with the number of new spike frames.

        Raises:
            ValueError: If a frame is damaged, the frames are too few or too far apart, or a part
                that the interpolation needs is missing.
            OSError: If a frame does not exist or writing fails.
        """
        self.output.parent.mkdir(parents=True, exist_ok=True)
        if self.output.suffix in RECORDING_SUFFIXES:
            self._write(self.output, on_progress)
            return
        # A stream format is written in one go, from a recording that is not held in memory.
        with tempfile.TemporaryDirectory(dir=self.output.parent, prefix=".simulate-") as folder:
            recording = Path(folder) / "spikes.h5"
            self._write(recording, on_progress)
            with open_spikes(recording) as stream:
                save_spikes(stream, self.output)

    def bursts(self) -> Iterator[tuple[Frame, Iterator[Spikes]]]:
        """Each key frame with its burst, uint8 (t, H, W) in pieces, to be used up in turn."""
        frames = read_frames(self.sequence, self.simulation)
        first = next(frames)
        yield from self._bursts(chain([first], frames), self._join(first))

    def _write(self, path: Path, on_progress: Callable[[int], None]) -> None:
        sequence, simulation = self.sequence, self.simulation
        if not simulation.burst_frames and len(sequence.frames) == 1:
            raise ValueError("a continuous stream needs two pictures or more, found one")
        frames = read_frames(sequence, simulation)
        first = next(frames, None)
        if first is None:
            raise ValueError(f"no picture can be read from {sequence.name}")
        height, width = first.intensity.shape
        with RecordingWriter(
            path,
            height,
            width,
            simulation.camera.sample_rate_hz,
            burst_frames=simulation.burst_frames,
            intrinsics=simulation.intrinsics(sequence.intrinsics, first.picture_size),
            camera=self.record(),
        ) as writer:
            recorded = self._recorded(chain([first], frames), writer)
            for spikes in self._spikes(recorded, self._join(first)):
                writer.append_spikes(spikes)
                on_progress(len(spikes))

    def _recorded(self, frames: Iterable[Frame], writer: RecordingWriter) -> Iterator[Frame]:
        """The frames; those that are key frames are written as they pass."""
        position = 0
        for frame in frames:
            if self.sequence.is_key_frame(frame.number):
                writer.append_key_frame(
                    rgb=frame.rgb,
                    depth_m=self.simulation.recorded_depth_m(frame),
                    pose=frame.stored.pose,
                    timestamp_s=self.sequence.time_s(frame.number, frame.stored),
                    spike_index=self._spike_index(position),
                )
                position += 1
            yield frame

    def _spikes(self, frames: Iterable[Frame], join: Join) -> Iterator[Spikes]:
        simulation, frame_rate_hz = self.simulation, self.sequence.frame_rate_hz
        if simulation.burst_frames:
            for _, burst in self._bursts(frames, join):
                yield from burst
            return
        if frame_rate_hz is None:
            raise ValueError(f"{self.sequence.name} has no constant frame rate; accepted: bursts")
        rate_hz = simulation.camera.sample_rate_hz
        light = continuous_light(frames, join, frame_rate_hz, rate_hz)
        yield from simulate_spikes(_chunks(light), simulation.camera, self._seeds())

    def _bursts(
        self, frames: Iterable[Frame], join: Join
    ) -> Iterator[tuple[Frame, Iterator[Spikes]]]:
        simulation = self.simulation
        rate_hz = simulation.camera.sample_rate_hz
        position = 0
        for frame, light in burst_light(frames, join, simulation.burst_frames, rate_hz):
            if self.sequence.is_key_frame(frame.number):
                own = zlib.crc32(frame.stored.name.encode())
                seeds = [own] if self.seed is None else [*self._seeds(), position]
                yield frame, simulate_spikes(_chunks(light), simulation.camera, seeds)
                position += 1

    def _join(self, first: Frame) -> Join:
        interpolation = self.simulation.interpolation
        intrinsics = self.simulation.intrinsics(self.sequence.intrinsics, first.picture_size)

        def join(first: Frame, second: Frame) -> Interval | None:
            gap_s = self.sequence.gap_s(first.stored, second.stored)
            if gap_s is None or second.number != first.number + 1:
                return None
            return Interval(partial(scene_between, first, second, interpolation, intrinsics), gap_s)

        return join

    def _seeds(self) -> list[int]:
        """Seeds of this sequence, the same whatever else is simulated with it."""
        return [] if self.seed is None else [self.seed, zlib.crc32(self.output.stem.encode())]

    def _spike_index(self, position: int) -> int:
        """Number of the spike frame at the time of a key frame."""
        if self.simulation.burst_frames:
            return position * self.simulation.burst_frames + self.simulation.burst_frames // 2
        rate_hz = Fraction(self.simulation.camera.sample_rate_hz)
        return math.floor(position / Fraction(self.sequence.frame_rate_hz or 1) * rate_hz)


def read_frames(sequence: FrameSequence, simulation: SpikeSimulation) -> Iterator[Frame]:
    """Read the frames that a sequence's recording needs, in order.

    Raises:
        ValueError: If one is damaged, or not as large as those before it.
        OSError: If a file does not exist.
    """
    size: tuple[int, int] | None = None
    for number, stored in sequence.needed():
        frame = simulation.read(number, stored)
        cropped = simulation.crop or frame.picture_size
        size = size or cropped
        if cropped != size:
            raise ValueError(
                f"{stored.name} of {sequence.name} is {cropped[0]}x{cropped[1]} but the pictures "
                f"before it are {size[0]}x{size[1]}"
            )
        yield frame


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

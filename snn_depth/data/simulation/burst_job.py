"""Simulating the spikes of one sequence of a data set."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.burst_simulation import BurstSimulation
from snn_depth.data.simulation.camera import simulate_spikes
from snn_depth.data.simulation.interpolation import Image
from snn_depth.data.simulation.scene import Scene, scene_between
from snn_depth.data.simulation.shots import ShotSequence
from snn_depth.data.streams.recording import RecordingWriter


@dataclass(frozen=True, eq=False)
class BurstJob:
    """One sequence to simulate, for `run_jobs`.

    Attributes:
        sequence: Its pictures.
        simulation: How to simulate.
        output: Recording to write.
    """

    sequence: ShotSequence
    simulation: BurstSimulation
    output: Path

    def run(self, on_progress: Callable[[int], None]) -> None:
        """Simulate and write the recording, completely or not at all.

        A burst depends on the settings, its picture and that one's neighbours alone.

        Args:
            on_progress: Called with the number of new key frames.

        Raises:
            ValueError: If a picture is damaged, or a part that the interpolation needs is missing.
            OSError: If a picture does not exist or writing fails.
        """
        sequence, simulation = self.sequence, self.simulation
        view = SequenceView(sequence, simulation)
        height, width = view.frame(sequence.key_frames[0]).intensity.shape
        with RecordingWriter(
            self.output,
            height,
            width,
            simulation.sample_rate_hz,
            burst_frames=simulation.num_frames,
            intrinsics=view.intrinsics,
            camera=simulation.camera.settings() | {"simulation": asdict(simulation)},
        ) as writer:
            for position, k in enumerate(sequence.key_frames):
                frame = view.frame(k)
                writer.append_spikes(view.spikes(k))
                writer.append_key_frame(
                    rgb=frame.rgb,
                    depth_m=_measured(frame.depth_m, simulation.max_depth_m),
                    pose=frame.pose,
                    timestamp_s=sequence.timestamps_s[k] if sequence.timestamps_s else 0.0,
                    spike_index=position * simulation.num_frames + simulation.num_frames // 2,
                )
                on_progress(1)


class SequenceView:
    """A sequence as the sensor sees it; the latest pictures and motions are kept."""

    def __init__(self, sequence: ShotSequence, simulation: BurstSimulation) -> None:
        self._sequence, self._simulation = sequence, simulation
        self.intrinsics = simulation.intrinsics(sequence)
        # A key frame and its neighbours; the motion to the next is that of the next from here.
        self.frame = lru_cache(3)(lambda k: simulation.frame(sequence, k))
        self._scene = lru_cache(2)(self._join)

    def spikes(self, k: int) -> NDArray[np.uint8]:
        """Burst around key frame k, uint8 (num_frames, H, W)."""
        name = zlib.crc32(self._sequence.shots[k].name.encode())
        light = (intensity[None] for intensity in self._light(k))
        return np.concatenate(list(simulate_spikes(light, self._simulation.camera, [name])))

    def _light(self, k: int) -> Iterator[Image]:
        """Light on the sensor at each spike frame.

        Before a first and after a last picture the motion of the nearest interval goes on; a
        picture without neighbours stands still.
        """
        before_s, after_s = self._sequence.gap_s(k, k - 1), self._sequence.gap_s(k, k + 1)
        half = self._simulation.num_frames // 2
        half_s = half / self._simulation.sample_rate_hz
        if half_s > min(before_s or np.inf, after_s or np.inf):
            raise ValueError(
                f"num_frames is {self._simulation.num_frames}: at "
                f"{self._simulation.sample_rate_hz:g} Hz a burst reaches beyond the pictures "
                f"beside {self._sequence.shots[k].name}; accepted: fewer frames"
            )
        for n in range(-half, self._simulation.num_frames - half):
            time_s = n / self._simulation.sample_rate_hz
            if after_s is not None and (time_s >= 0 or before_s is None):
                yield self._scene(k, k + 1).at(time_s / after_s)
            elif before_s is not None:
                yield self._scene(k - 1, k).at(1 + time_s / before_s)
            else:
                yield self.frame(k).intensity

    def _join(self, first: int, second: int) -> Scene:
        interpolation = self._simulation.interpolation
        return scene_between(self.frame(first), self.frame(second), interpolation, self.intrinsics)


def _measured(depth_m: NDArray[np.float32] | None, max_depth_m: float) -> NDArray | None:
    return None if depth_m is None else np.where(depth_m <= max_depth_m, depth_m, 0)

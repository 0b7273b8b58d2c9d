"""Recordings: spikes with the pictures, depth and poses that belong to them, in one HDF5 file."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from snn_depth.data.streams.frame_source import Spikes
from snn_depth.data.streams.recording_file import (
    corrupt_as_value_error,
    open_recording_file,
    read_sensors,
    read_text,
    spike_source,
)
from snn_depth.data.streams.recording_sensors import SensorView, read_view
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.spike_stream import SpikeStream
from snn_depth.geometry.rig import Rig, Sensor

__all__ = ["Recording", "RecordingWriter"]


class Recording:
    """A recording opened for reading; nothing is read before it is asked for.

    Use `Recording.open(path)` as a context manager. The layout is described in
    `snn_depth.data.streams.recording_layout`.

    Attributes:
        num_key_frames: Moments with a picture, depth map or pose.
        burst_frames: 0 for one continuous stream; n when the spikes are bursts of n frames, one
            per key frame, with gaps in time between them.
        intrinsics: float64 (3, 3) in pixels of this recording, or None.
        sensor_names: Sensors beside the spikes that have pixels of their own, read by `view`.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self.spikes = SpikeStream(spike_source(file))
        self.num_key_frames = len(file["spike_index"])
        self.burst_frames = int(file.attrs["burst_frames"])
        self.intrinsics: NDArray[np.float64] | None = (
            file["intrinsics"][:] if "intrinsics" in file else None
        )
        camera = read_text(file, "camera")
        self.camera: dict[str, Any] | None = None if camera is None else json.loads(camera)
        self.license: str | None = read_text(file, "license")
        self._sensors = read_sensors(file)
        self.sensor_names = tuple(self._sensors)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a recording.

        Raises:
            ValueError: If it is not a recording, of another schema version, or corrupt.
        """
        file = open_recording_file(Path(path))
        try:
            with corrupt_as_value_error(path):
                return cls(file)
        except BaseException:
            file.close()
            raise

    @property
    def rig(self) -> Rig:
        """All sensors: the spike camera, which is the rig's origin, and those beside it.

        Pictures with the spike camera's own pixels (`rgb`) come from the same place.
        """
        matrix = None if self.intrinsics is None else torch.from_numpy(self.intrinsics)
        camera = Sensor((self.spikes.height, self.spikes.width), matrix)
        aligned = {"rgb": camera} if "rgb" in self._file else {}
        return Rig({"spikes": camera} | aligned | self._sensors)

    def view(self, name: str, k: int) -> SensorView:
        """What a sensor of `sensor_names` saw at key frame k."""
        if name not in self._sensors:
            raise ValueError(f"sensor {name!r}; accepted: {', '.join(self.sensor_names) or 'none'}")
        self._check_key_frame(k)
        with corrupt_as_value_error(self._file.filename):
            return read_view(self._file["sensors"][name], k)

    def rgb(self, k: int) -> NDArray[np.uint8] | None:
        """Picture of key frame k, (H, W, 3), or None where the recording has none."""
        return self._part("rgb", k)

    def depth_m(self, k: int) -> NDArray[np.float32] | None:
        """Depth (H, W) of key frame k, NaN or 0 where not measured; None where there is none."""
        return self._part("depth_m", k)

    def pose(self, k: int) -> NDArray[np.float64] | None:
        """Camera-to-world matrix (4, 4) of key frame k, or None."""
        return self._part("pose", k)

    def timestamp_s(self, k: int) -> float | None:
        """Time of key frame k, or None."""
        time_s = self._part("timestamps_s", k)
        return None if time_s is None else float(time_s)

    def spike_index(self, k: int) -> int:
        """Number of the spike frame at the time of key frame k."""
        return int(self._part("spike_index", k))

    def window(self, k: int, num_frames: int) -> Spikes:
        """Spikes (num_frames, H, W) around key frame k, from num_frames // 2 before it on.

        Raises:
            ValueError: If the window leaves the stream, or the burst of its key frame.
        """
        first, end = self._recorded_around(k)
        start = self.spike_index(k) - num_frames // 2
        if not self.has_window(k, num_frames):
            raise ValueError(
                f"a window of {num_frames} frames around spike frame {self.spike_index(k)} "
                f"(key frame {k}) leaves the recorded frames {first}..{end - 1}"
            )
        return self.spikes[start : start + num_frames]

    def has_window(self, k: int, num_frames: int) -> bool:
        """Whether that window lies in the stream and in the burst of its key frame."""
        first, end = self._recorded_around(k)
        start = self.spike_index(k) - num_frames // 2
        return num_frames >= 1 and start >= first and start + num_frames <= end

    def _recorded_around(self, k: int) -> tuple[int, int]:
        """First frame, and the one after the last, without a gap to key frame k."""
        if not self.burst_frames:
            return 0, self.spikes.num_frames
        index = self.spike_index(k)
        first = index - index % self.burst_frames
        return first, min(self.spikes.num_frames, first + self.burst_frames)

    def _part(self, name: str, k: int) -> Any:
        self._check_key_frame(k)
        if name not in self._file:
            return None
        with corrupt_as_value_error(self._file.filename):
            return self._file[name][k]

    def _check_key_frame(self, k: int) -> None:
        if not 0 <= k < self.num_key_frames:
            raise IndexError(f"key frame {k} of {self.num_key_frames}")

    def close(self) -> None:
        """Close the file."""
        self.spikes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

"""Writing recordings piece by piece."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from snn_depth.data.streams.frame_source import as_spikes
from snn_depth.data.streams.recording_layout import (
    FORMAT,
    SCHEMA_VERSION,
    Layout,
    key_frame_layout,
)
from snn_depth.data.streams.recording_sensors import SensorView, view_layout
from snn_depth.data.streams.vidar import frame_bytes, pack_frames
from snn_depth.files.atomic import atomic_path
from snn_depth.files.deferred_errors import DeferredErrorFile
from snn_depth.geometry.rig import Sensor

# Reading a window unpacks whole chunks: 128 frames of 64 x 128, 10 of 250 x 400.
_CHUNK_BYTES = 1 << 17


class RecordingWriter:
    """Write a recording piece by piece, in memory that does not grow with its length.

    A context manager: the file appears under its name on a clean exit only.

    Args:
        burst_frames: 0 for one continuous stream; n when the spikes are bursts of n frames, one
            per key frame.
        intrinsics: (3, 3) in pixels of this recording.
        camera: Settings of the simulator, JSON-ready.
        sensors: Sensors beside the spikes that have pixels of their own, by kind (`rgb`, `nir`,
            `thermal`), placed on a rig whose origin is the spike camera.
    """

    def __init__(
        self,
        path: str | Path,
        height: int,
        width: int,
        sample_rate_hz: float,
        *,
        burst_frames: int = 0,
        intrinsics: ArrayLike | None = None,
        camera: Mapping[str, Any] | None = None,
        license: str | None = None,
        sensors: Mapping[str, Sensor] | None = None,
    ) -> None:
        if height < 1 or width < 1:
            raise ValueError(f"frame size is {height}x{width}; accepted: positive height and width")
        if not 0 < sample_rate_hz < np.inf:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}; accepted: positive numbers")
        if burst_frames < 0:
            raise ValueError(f"burst_frames is {burst_frames}; accepted: 0 or more")
        self._path = Path(path)
        self._height, self._width = height, width
        self._key_frame_layout = key_frame_layout(height, width)
        self._attributes: dict[str, Any] = {
            "format": np.bytes_(FORMAT.encode()),
            "schema_version": SCHEMA_VERSION,
            "height": height,
            "width": width,
            "sample_rate_hz": float(sample_rate_hz),
            "burst_frames": burst_frames,
        }
        if camera is not None:
            self._attributes["camera"] = np.bytes_(json.dumps(camera).encode())
        if license is not None:
            self._attributes["license"] = np.bytes_(license.encode())
        self._sensors = dict(sensors or {})
        self._view_layouts = {n: view_layout(n, s.size) for n, s in self._sensors.items()}
        self._intrinsics = None
        if intrinsics is not None:
            self._intrinsics = np.asarray(intrinsics, np.float64)
            if self._intrinsics.shape != (3, 3):
                raise ValueError(f"intrinsics are {self._intrinsics.shape}; accepted: (3, 3)")

    def __enter__(self) -> Self:
        num_bytes = frame_bytes(self._height, self._width)
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            self._disk = stack.enter_context(DeferredErrorFile(temporary, "w+"))
            self._file = stack.enter_context(h5py.File(self._disk, "w", libver="v110"))
            self._file.attrs.update(self._attributes)
            self._file.create_dataset(
                "spikes",
                (0, num_bytes),
                np.uint8,
                maxshape=(None, num_bytes),
                chunks=(max(1, _CHUNK_BYTES // num_bytes), num_bytes),
                compression="lzf",
                fletcher32=True,
            )
            if self._intrinsics is not None:
                self._file["intrinsics"] = self._intrinsics
            for name, sensor in self._sensors.items():
                group = self._file.create_group(f"sensors/{name}")
                group["rig_from_camera"] = np.asarray(sensor.rig_from_camera, np.float64)
                if sensor.intrinsics is not None:
                    group["intrinsics"] = np.asarray(sensor.intrinsics, np.float64)
            for name in ("spike_index", "timestamps_s"):
                self._create_part(self._file, name, self._key_frame_layout)
            for name, layout in self._view_layouts.items():
                for part in ("image", "time_s"):
                    self._create_part(self._file["sensors"][name], part, layout)
            self._stack = stack.pop_all()
        return self

    def append_spikes(self, frames_THW: NDArray[Any]) -> None:
        """Append spike frames, 0 and 1, any number of them."""
        spikes = as_spikes(frames_THW)
        if spikes.shape[1:] != (self._height, self._width):
            raise ValueError(
                f"spike frames have shape {spikes.shape[1:]}; "
                f"accepted: {(self._height, self._width)}"
            )
        stored = self._file["spikes"]
        start = len(stored)
        stored.resize(start + len(spikes), axis=0)
        stored[start:] = pack_frames(spikes)
        self._disk.check()

    def append_key_frame(
        self,
        *,
        spike_index: int,
        timestamp_s: float,
        rgb: NDArray[np.uint8] | None = None,
        depth_m: NDArray[Any] | None = None,
        pose: NDArray[Any] | None = None,
        views: Mapping[str, SensorView] | None = None,
    ) -> None:
        """Append a key frame; all key frames of a recording have the same parts.

        Args:
            spike_index: Number of the spike frame at its time (which may not be written yet).
            depth_m: Depth, (H, W); NaN or 0 where not measured.
            pose: Camera-to-world matrix, (4, 4).

        Raises:
            ValueError: If a part has another shape or type, depth is negative or infinite, or the
                parts differ from those of the first key frame.
        """
        views = dict(views or {})
        if set(views) != set(self._sensors):
            raise ValueError(f"views of {sorted(views)}; accepted: {sorted(self._sensors)}")
        if rgb is not None and "rgb" in views:
            raise ValueError("rgb is given twice; accepted: with the spikes' pixels, or as a view")
        index = len(self._file["spike_index"])
        parts: dict[str, Any] = {"spike_index": spike_index, "timestamps_s": timestamp_s}
        parts |= {"rgb": rgb, "depth_m": depth_m, "pose": pose}
        self._append(self._file, index, parts, self._key_frame_layout)
        for name, view in views.items():
            group = self._file["sensors"][name]
            self._append(group, index, vars(view), self._view_layouts[name])
        self._disk.check()

    def _append(
        self, group: h5py.Group, index: int, parts: Mapping[str, Any], layout: Layout
    ) -> None:
        """Append one entry to the datasets of a group; None is a part that it does not have."""
        where = group.name.lstrip("/") + "/" if group.name != "/" else ""
        given = {name: np.asarray(value) for name, value in parts.items() if value is not None}
        present = {name for name in layout if name in group}
        if index and present != set(given):
            raise ValueError(
                f"{where}key frame {index} has the parts {sorted(given)}; "
                f"accepted: those of the first, {sorted(present)}"
            )
        for name, value in given.items():
            shape, kind = layout[name]
            if value.shape != shape:
                raise ValueError(f"{where}{name} has shape {value.shape}; accepted: {shape}")
            if name in ("rgb", "image") and value.dtype != kind:
                raise ValueError(
                    f"{where}{name} is of type {value.dtype}; accepted: {np.dtype(kind)}"
                )
            if name == "depth_m" and (np.isinf(value).any() or (value < 0).any()):
                raise ValueError(
                    f"{where}depth_m is infinite or negative; mark missing depth by NaN or 0"
                )
            if name not in present:
                self._create_part(group, name, layout)
            group[name].resize(index + 1, axis=0)
            group[name][index] = value

    def _create_part(self, group: h5py.Group, name: str, layout: Layout) -> None:
        shape, kind = layout[name]
        compression = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        group.create_dataset(
            name,
            (0, *shape),
            kind,
            maxshape=(None, *shape),
            chunks=(1, *shape) if shape else (1024,),
            fletcher32=True,
            **(compression if len(shape) > 1 and name != "pose" else {}),
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and not len(self._file["spikes"]):
            with self._stack:
                raise ValueError(f"no spike frames were written to {self._path}")
        self._stack.__exit__(kind, error, traceback)

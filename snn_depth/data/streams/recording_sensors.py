"""The sensors beside the spikes that a recording holds, each with a size and a place of its own."""

from dataclasses import dataclass

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from snn_depth.data.streams.recording_layout import Layout, check_layout
from snn_depth.geometry.rig import Sensor

# Shape of a pixel and type of the pictures of each kind of sensor.
SENSOR_IMAGES: dict[str, tuple[tuple[int, ...], type]] = {
    "rgb": ((3,), np.uint8),
    "nir": ((), np.uint8),
    "thermal": ((), np.uint16),
}


@dataclass(frozen=True)
class SensorView:
    """What one sensor saw around a key frame.

    Attributes:
        image: (H, W, 3) or (H, W), as `SENSOR_IMAGES` has it.
        time_s: When, on the clock of the recording's time stamps.
        depth_m: Depth (H, W) in this sensor's camera, NaN or 0 where not measured; None where the
            recording has none.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    time_s: float
    depth_m: NDArray[np.float32] | None = None


def view_layout(name: str, size: tuple[int, int]) -> Layout:
    """Shape of one entry and type of every dataset of a sensor with one entry per key frame."""
    if name not in SENSOR_IMAGES:
        raise ValueError(f"sensor {name!r}; accepted: {', '.join(SENSOR_IMAGES)}")
    pixel, kind = SENSOR_IMAGES[name]
    return {
        "image": ((*size, *pixel), kind),
        "time_s": ((), np.float64),
        "depth_m": (size, np.float32),
    }


def read_sensor(group: h5py.Group, num_key_frames: int) -> Sensor:
    """Read the place and size of a sensor, and check its datasets as `check_layout` does."""
    name = group.name.rsplit("/", 1)[-1]
    height, width = group["image"].shape[1:3]
    expected: Layout = {"intrinsics": ((3, 3), np.float64), "rig_from_camera": ((4, 4), np.float64)}
    for part, (shape, kind) in view_layout(name, (height, width)).items():
        expected[part] = ((num_key_frames, *shape), kind)
    check_layout(group, expected, optional={"intrinsics", "depth_m"})
    return Sensor(
        (height, width),
        torch.from_numpy(group["intrinsics"][:]) if "intrinsics" in group else None,
        torch.from_numpy(group["rig_from_camera"][:]),
    )


def read_view(group: h5py.Group, k: int) -> SensorView:
    """Read what a sensor saw at key frame k."""
    depth_m = group["depth_m"][k] if "depth_m" in group else None
    return SensorView(group["image"][k], float(group["time_s"][k]), depth_m)

"""Which datasets a recording (HDF5) has, of which shapes and types.

`spikes` uint8 (T, ceil(H W / 8)) are bit-packed, least significant bit first, rows upright. A
recording has one entry per key frame (a moment with a picture or a depth map) of `spike_index`
int64 (K,), `timestamps_s` float64 (K,), and optionally of `rgb` uint8 (K, H, W, 3), `depth_m`
float32 (K, H, W) with NaN or 0 where there is no measurement, and `pose` float64 (K, 4, 4) camera
to world. `intrinsics` float64 (3, 3) in pixels is optional too. All of these share the spike
camera's pixels, and its camera is the rig's origin.

Sensors with pixels of their own are groups `sensors/<name>` with `image` (K, h, w[, 3]), `time_s`
float64 (K,), `rig_from_camera` float64 (4, 4), and optionally `depth_m` float32 (K, h, w) and
`intrinsics` float64 (3, 3). Names and types are those of `recording_sensors.SENSOR_IMAGES`.

Attributes: `format`, `schema_version`, `height`, `width`, `sample_rate_hz`, `burst_frames`, and
optionally `camera` (JSON) and `license`; texts are UTF-8 of fixed length, because HDF5 crashes on
damaged texts of variable length. All metadata (HDF5 1.10 format) and data carry checksums, so that
damage is seen.
"""

from collections.abc import Set

import h5py
import numpy as np

from snn_depth.data.streams.vidar import frame_bytes

FORMAT = "snn-depth-recording"
SCHEMA_VERSION = 3
# Version 1 had no sensors beside the spikes; there was no version 2.
READ_VERSIONS = (1, 3)

# Shape and type by name.
Layout = dict[str, tuple[tuple[int, ...], type]]


def key_frame_layout(height: int, width: int) -> Layout:
    """Shape of one entry and type of every dataset with one entry per key frame."""
    return {
        "rgb": ((height, width, 3), np.uint8),
        "depth_m": ((height, width), np.float32),
        "pose": ((4, 4), np.float64),
        "timestamps_s": ((), np.float64),
        "spike_index": ((), np.int64),
    }


def recording_layout(height: int, width: int, num_frames: int, num_key_frames: int) -> Layout:
    """Shape and type of every dataset of a whole recording, sensors left out."""
    layout: Layout = {
        "spikes": ((num_frames, frame_bytes(height, width)), np.uint8),
        "intrinsics": ((3, 3), np.float64),
    }
    for name, (shape, kind) in key_frame_layout(height, width).items():
        layout[name] = ((num_key_frames, *shape), kind)
    return layout


def check_layout(group: h5py.Group, expected: Layout, optional: Set[str]) -> None:
    """Compare the datasets of a group with what they must be; ValueError or KeyError if not."""
    for name, (shape, kind) in expected.items():
        if name in optional and name not in group:
            continue
        found = group[name]
        if found.shape != shape or found.dtype != kind:
            path = f"{group.name}/{name}".lstrip("/")
            raise ValueError(
                f"dataset {path} is {found.dtype} {found.shape}; accepted: {np.dtype(kind)} {shape}"
            )

"""One key frame of a recording as a sample."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snn_depth.data.sample import RGB, SPIKES, Sample, View
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.data.streams.recording import Recording


def read_sample(
    recording: Recording,
    k: int,
    num_frames: int,
    num_bins: int,
    sensors: Sequence[str] | None = None,
) -> Sample:
    """Read and bin key frame k of an open recording.

    Args:
        recording: Has a window of that many frames there.
        k: Key frame.
        num_frames: Spike frames per window.
        num_bins: Time bins per window; at most 255 frames fall into one.
        sensors: Those to read; by default the spikes, and pictures with the spikes' pixels.

    Raises:
        ValueError: When the recording does not have one of them.
    """
    time_s = recording.timestamp_s(k)
    camera: dict[str, Any] = {  # what shares the spikes' pixels shares this
        "time_s": None if time_s is None else torch.tensor(time_s, dtype=torch.float64),
        "depth_m": _depth(recording.depth_m(k)),
        "intrinsics": _matrix(recording.intrinsics),
    }
    views: dict[str, View] = {}
    for name in (SPIKES, RGB) if sensors is None else sensors:
        if name == SPIKES:
            counts_TBHW = bin_spikes(recording.window(k, num_frames), num_bins)[:, None]
            views[name] = View(torch.from_numpy(counts_TBHW.astype(np.uint8)), **camera)
        elif name in recording.sensor_names and sensors is not None:
            seen, sensor = recording.view(name, k), recording.rig.sensors[name]
            views[name] = View(
                _picture(seen.image),
                intrinsics=None if sensor.intrinsics is None else sensor.intrinsics.float(),
                rig_from_camera=sensor.rig_from_camera.float(),
                depth_m=_depth(seen.depth_m),
                time_s=torch.tensor(seen.time_s, dtype=torch.float64),
            )
        elif name == RGB and (rgb := recording.rgb(k)) is not None:
            views[name] = View(_picture(rgb), **camera)
        elif sensors is not None:
            accepted = ", ".join(recording.rig.sensors)
            raise ValueError(f"the recording has no sensor {name!r}; accepted: {accepted}")
    return Sample(views)


def _picture(image: NDArray[Any]) -> Tensor:
    """Channels first; more than a byte per value becomes float32, 0..1."""
    if image.dtype != np.uint8:
        image = image.astype(np.float32) / np.iinfo(image.dtype).max
    channels_last = np.atleast_3d(image)
    return torch.from_numpy(np.ascontiguousarray(channels_last.transpose(2, 0, 1)))


def _depth(depth_m: NDArray[np.float32] | None) -> Tensor | None:
    if depth_m is None:
        return None
    return torch.from_numpy(np.nan_to_num(depth_m, posinf=0.0))[None].float()


def _matrix(intrinsics: NDArray[np.float64] | None) -> Tensor | None:
    return None if intrinsics is None else torch.from_numpy(intrinsics).float()

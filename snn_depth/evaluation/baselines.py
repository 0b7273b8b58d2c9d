"""Predictors that every table is compared with: they need no depth labels for spikes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snn_depth.data.sample import SPIKES, Batch, View
from snn_depth.data.streams.exposure import auto_expose
from snn_depth.models.prediction import DepthPrediction


@dataclass(frozen=True)
class RowMedianDepth:
    """The same depth along each row, whatever the input: what the scene's layout alone tells.

    With a single row it is the constant median depth.
    """

    rows_m: NDArray[np.float32]  # of equally high stripes from top to bottom, shape (R,)

    def depth_m(self, height: int, width: int) -> NDArray[np.float32]:
        """Depth map (height, width); a row takes the value of the stripe that it lies in."""
        stripes = np.arange(height) * len(self.rows_m) // height
        return np.repeat(self.rows_m[stripes, None], width, axis=1)

    def __call__(self, batch: Batch) -> DepthPrediction:
        """Prediction of the size of the first view with depth, or else the first."""
        height, width = (batch.labelled or next(iter(batch.views.values()))).size
        depth_m = torch.from_numpy(self.depth_m(height, width)).expand(len(batch), 1, -1, -1)
        return DepthPrediction(depth_m, torch.zeros_like(depth_m))


def fit_row_medians(
    depth_maps_m: Iterable[NDArray[np.floating]],
    num_rows: int = 64,
    *,
    min_depth_m: float,
    max_depth_m: float,
) -> RowMedianDepth:
    """Take the median measured depth of every stripe of rows over training depth maps (H, W).

    Heights may differ. Depths count strictly inside the range, as in the metrics. A stripe without
    a measurement (sky) takes its neighbours' depth, interpolated.

    Raises:
        ValueError: When no depth lies inside the range.
    """
    collected: list[list[NDArray[np.floating]]] = [[] for _ in range(num_rows)]
    for depth_m in depth_maps_m:
        stripes = np.arange(len(depth_m)) * num_rows // len(depth_m)
        inside = (depth_m > min_depth_m) & (depth_m < max_depth_m)
        for stripe, row, mask in zip(stripes, depth_m, inside, strict=True):
            collected[stripe].append(row[mask])
    values = [np.concatenate(parts) if parts else np.empty(0) for parts in collected]
    measured = np.flatnonzero([len(v) > 0 for v in values])
    if len(measured) == 0:
        raise ValueError(f"no depth between {min_depth_m} and {max_depth_m} m to fit a baseline on")
    medians = [np.median(values[stripe]) for stripe in measured]
    rows_m = np.interp(np.arange(num_rows), measured, medians)
    return RowMedianDepth(rows_m.astype(np.float32))


def playback_as_rgb(spikes_TBCHW: Tensor) -> Tensor:
    """Texture from playback (TFP) over the whole window: three equal channels (B, 3, H, W), 0..1.

    "Reconstruct, then an RGB network" is what users of spike cameras try first. All frames are
    averaged: the least noise, and the motion within a window of milliseconds is small.
    """
    return auto_expose(spikes_TBCHW.sum(0)).expand(-1, 3, -1, -1)


def playback_of(batch: Batch) -> View:
    """What an RGB network is shown of a batch of spikes: their playback."""
    spikes = batch[SPIKES]
    return spikes.replace(image=playback_as_rgb(spikes.image))

"""A network as the training table, `evaluate` and `predict` run it: on pictures of any camera."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.geometry.canonical_camera import CanonicalCamera
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor


@dataclass(frozen=True)
class NetworkPredictor:
    """Maps a batch to a prediction on the CPU at the batch's own size.

    Attributes:
        trained_for: The camera that pictures are brought to.
        read: What the network is shown of a batch; None leaves it to the network.
        as_is: Pictures are taken as they are, as if the training camera had taken them.
    """

    network: DepthPredictor
    trained_for: DataSpec
    read: Callable[[Batch], View] | None = None
    as_is: bool = False

    def __call__(self, batch: Batch) -> DepthPrediction:
        """Predict for a batch, each sample as seen by the training camera."""
        view = self.view(batch)
        x = view.image if self.read else self.network.read(batch)
        batch_axis = x.dim() - 4  # (T, B, 1, H, W) or (B, 3, H, W)
        height, width = view.size
        matrices = view.intrinsics if view.has("intrinsics") else [None] * len(batch)
        cameras = [self.camera(height, width, matrix) for matrix in matrices]
        parts = []
        first = 0
        for camera, equal in groupby(cameras):
            number = len(list(equal))
            parts.append(run_network(self.network, x.narrow(batch_axis, first, number), camera))
            first += number
        return parts[0] if len(parts) == 1 else joined(parts)

    def view(self, batch: Batch) -> View:
        """What the network is shown."""
        return self.read(batch) if self.read else self.network.view(batch)

    def camera(self, height: int, width: int, intrinsics: Tensor | None) -> CanonicalCamera:
        """How the network is shown pictures with these intrinsics (3, 3)."""
        if self.as_is:
            return CanonicalCamera((height, width), (height, width), is_metric=False)
        focal_lengths_px = None
        if intrinsics is not None:
            focal_lengths_px = float(intrinsics[0, 0]), float(intrinsics[1, 1])
        return self.trained_for.canonical_camera(height, width, focal_lengths_px)


@torch.inference_mode()
def run_network(network: DepthPredictor, x: Tensor, camera: CanonicalCamera) -> DepthPrediction:
    """Run a network, on any device, on an input (..., H, W) at the recording's size.

    Returns:
        The prediction on the CPU, depth and uncertainty at the recording's size.
    """
    device = next(network.parameters()).device
    prediction = network(camera.to_network(x.to(device)))
    return DepthPrediction(
        camera.to_recording(prediction.depth_m).cpu(),
        camera.enlarged(prediction.uncertainty).cpu(),
        firing_rates={name: rate.cpu() for name, rate in prediction.firing_rates.items()},
    )


def joined(parts: list[DepthPrediction]) -> DepthPrediction:
    """One prediction from those of the parts of a batch; firing rates are means over samples."""
    shares = [len(part.depth_m) for part in parts]
    rates = {
        name: sum(n * part.firing_rates[name] for n, part in zip(shares, parts, strict=True))
        / torch.tensor(sum(shares))
        for name in parts[0].firing_rates
    }
    return DepthPrediction(
        torch.cat([part.depth_m for part in parts]),
        torch.cat([part.uncertainty for part in parts]),
        firing_rates=rates,
    )

"""One network's predictions for source and target in one training step."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from snn_depth.models.normalization import with_kept_statistics
from snn_depth.models.padding import pad_to_stride
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor

Statistics = Literal["common", "separate", "kept"]


def predict_two_domains(
    network: DepthPredictor,
    source: Tensor,
    target: Tensor,
    taps: Sequence[str] = (),
    statistics: Statistics = "common",
) -> tuple[DepthPrediction, DepthPrediction]:
    """Predict for source and target, as one batch unless their statistics are separate.

    Statistics of their own would hide from the network that fog has less contrast, or that a
    park has no houses: what differs between the domains would not reach it.

    Args:
        network: The network in training.
        source: Spikes, shape (T, B, 1, H, W).
        target: Spikes, shape (T, B, 1, H', W').
        taps: Features that the predictions shall hold.
        statistics: Whose statistics normalise: those of both in one batch, of each domain's own
            batch, or those that the network has, which are kept.

    Returns:
        Predictions for source and target.

    Raises:
        ValueError: When source and target differ in time bins or samples.
    """
    if source.shape[:3] != target.shape[:3]:
        raise ValueError(
            f"source spikes have shape {tuple(source.shape)}, target spikes "
            f"{tuple(target.shape)} (T, B, 1, H, W); accepted: the same T and B"
        )
    if statistics == "separate":
        return network(source, taps=taps), network(target, taps=taps)
    sizes = [spikes.shape[-2:] for spikes in (source, target)]
    height, width = map(max, *sizes)
    spikes = torch.cat([pad_to_size(x, height, width) for x in (source, target)], dim=1)
    # To whole cells of every feature's grid, so that padding can be cut off there too: the
    # discriminator would know the smaller domain by it.
    spikes = pad_to_stride(spikes, network.max_stride)
    with with_kept_statistics(network) if statistics == "kept" else nullcontext():
        both: DepthPrediction = network(spikes, taps=taps)
    num_source = source.shape[1]
    return both.part(slice(num_source), *sizes[0]), both.part(slice(num_source, None), *sizes[1])


def pad_to_size(spikes: Tensor, height: int, width: int) -> Tensor:
    """Zero-pad rows and columns at the end, as the network itself does.

    Args:
        spikes: Shape (..., H, W).
        height: Rows wanted, H or more.
        width: Columns wanted, W or more.
    """
    return F.pad(spikes, (0, width - spikes.shape[-1], 0, height - spikes.shape[-2]))

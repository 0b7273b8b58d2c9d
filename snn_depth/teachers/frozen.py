"""A teacher that a training step can use and cannot change."""

import copy
from typing import Any

import torch
from torch import Tensor

from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor


class FrozenTeacher:
    """Holds a private copy of a network that only predicts.

    It is deliberately not an `nn.Module`: as an attribute of one it stays out of parameters,
    optimisers, checkpoints, DistributedDataParallel, and of `train()`, which would otherwise
    put its batch normalisation back into training mode.

    Args:
        network: The teacher; it is copied, so training the original later changes nothing here.
    """

    def __init__(self, network: DepthPredictor) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, x: Tensor, **options: Any) -> DepthPrediction:
        """Predict on the device of the input; nothing in the result requires a gradient.

        Args:
            x: What the network reads.
            **options: Passed on to the network.

        Returns:
            The network's prediction.
        """
        prediction: DepthPrediction = self.network.to(x.device)(x, **options)
        return prediction

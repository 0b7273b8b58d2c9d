"""A teacher that a training step can use and cannot change."""

import copy
from typing import Any

import torch
from torch import Tensor

from snn_depth.models.freezing import freeze
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor


class FrozenTeacher:
    """Holds a private copy of a network that only predicts.

    It is deliberately not an `nn.Module`: as an attribute of one it stays out of parameters,
    optimisers, checkpoints and DistributedDataParallel. Training the original later changes
    nothing here.
    """

    def __init__(self, network: DepthPredictor) -> None:
        self.network = freeze(copy.deepcopy(network))

    @torch.no_grad()
    def __call__(self, x: Tensor, **options: Any) -> DepthPrediction:
        """Predict on the device of the input; nothing in the result requires a gradient."""
        prediction: DepthPrediction = self.network.to(x.device)(x, **options)
        return prediction

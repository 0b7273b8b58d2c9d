"""Depth learned from depth: RGB teacher, source-only student, oracle."""

from torch import Tensor

from snn_depth.data.sample import Batch, View
from snn_depth.geometry.crops import EvaluationCrop, evaluation_crop_mask
from snn_depth.losses.firing_rate import firing_rate_penalty
from snn_depth.losses.gradient_matching import gradient_matching_loss
from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.losses.synops import synops_per_synapse
from snn_depth.losses.uncertainty import relative_error_loss
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Objective


class SupervisedDepth(Objective):
    """Scale-invariant log loss on depth, relative-error loss on the uncertainty head.

    Source: BiCross (arXiv 2208.12527), stage 1: L_depth + L_unc.

    Args:
        uncertainty_weight: Weight of L_unc; it does not touch the depth.
        gradient_weight: Weight of the multi-scale gradient term, for sharper edges.
        firing_rate_weight: Weight of the penalty on rates outside the target range.
        min_firing_rate: Lower end of the target range of mean firing rates.
        max_firing_rate: Upper end of it.
        crop: Part of the image that counts: none, garg, eigen or nyu.
        synops_weight: Weight of the synaptic operations per synapse of one inference: of what a
            spiking network costs on a chip. It means the same for every size of network and every
            number of time steps.

    Raises:
        ValueError: For a negative `synops_weight`. In `forward`, when there is one and the network
            does not spike.
    """

    def __init__(
        self,
        uncertainty_weight: float = 1.0,
        gradient_weight: float = 0.0,
        firing_rate_weight: float = 0.0,
        min_firing_rate: float = 0.02,
        max_firing_rate: float = 0.2,
        crop: EvaluationCrop = "none",
        synops_weight: float | None = None,
    ) -> None:
        super().__init__()
        if synops_weight is not None and synops_weight < 0:
            raise ValueError(f"synops_weight is {synops_weight}; accepted: 0 or more")
        self.uncertainty_weight = uncertainty_weight
        self.gradient_weight = gradient_weight
        self.firing_rate_weight = firing_rate_weight
        self.firing_rate_range = {"min_rate": min_firing_rate, "max_rate": max_firing_rate}
        self.crop = crop
        self.synops_weight = synops_weight

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Terms `depth`, `uncertainty`, and the optional ones with a weight."""
        return self.terms(network(network.read(batch)), network.view(batch))

    def valid_mask(self, view: View) -> Tensor:
        """Pixels that count: measured, and inside the crop."""
        mask = view.valid_mask
        if self.crop == "none":
            return mask
        height, width = mask.shape[-2:]
        return mask & evaluation_crop_mask(self.crop, height, width, mask.device)

    def terms(self, prediction: DepthPrediction, view: View) -> dict[str, Tensor]:
        """Weighted terms of a prediction for a view with depth, by name, 0-dim."""
        target_m, mask = view.depth_m, self.valid_mask(view)
        depth_m = prediction.depth_m
        terms = {
            "depth": scale_invariant_log_loss(depth_m, target_m, mask),
            "uncertainty": self.uncertainty_weight
            * relative_error_loss(prediction.uncertainty, depth_m, target_m, mask),
        }
        if self.gradient_weight:
            loss = gradient_matching_loss(depth_m, target_m, mask)
            terms["gradient"] = self.gradient_weight * loss
        if self.firing_rate_weight and prediction.firing_rates:
            penalty = firing_rate_penalty(
                prediction.firing_rates.values(), **self.firing_rate_range
            )
            terms["firing_rate"] = self.firing_rate_weight * penalty
        if self.synops_weight:
            terms["synops"] = self.synops_weight * synops_per_inference(prediction)
        return terms


def synops_per_inference(prediction: DepthPrediction) -> Tensor:
    """Synaptic operations per synapse in all time steps of a prediction.

    Args:
        prediction: Prediction of a spiking network.

    Returns:
        0-dim tensor, 0 to `prediction.num_steps`.

    Raises:
        ValueError: When the network does not spike.
    """
    if not prediction.firing_rates:
        raise ValueError(
            "synops_weight is set, but the network does not spike; accepted: null, or a spiking "
            "network"
        )
    rate = synops_per_synapse(prediction.firing_rates, prediction.num_synapses)
    return prediction.num_steps * rate

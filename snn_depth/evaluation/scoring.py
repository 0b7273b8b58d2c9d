"""Score predictors on a data set."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from snn_depth.data.sample import Batch, View, collate
from snn_depth.evaluation.metrics import Alignment, DepthMetrics
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.geometry.crops import EvaluationCrop, evaluation_crop_mask
from snn_depth.models.prediction import DepthPrediction

Predictor = Callable[[Batch], DepthPrediction]


@torch.inference_mode()
def score(
    predictor: Predictor,
    dataset: Dataset[Any],
    *,
    min_depth_m: float,
    max_depth_m: float,
    alignments: Sequence[Alignment] = ("none", "median"),
    crop: EvaluationCrop = "none",
    batch_size: int = 16,
) -> dict[str, dict[str, float]]:
    """Metrics of a predictor on a data set with depth: per image, then the mean.

    Returns:
        Metrics by name for each alignment. The first also has `firing_rate`, the mean over
        hidden populations, and `firing_rate/<population>`, where the predictor spikes.

    Raises:
        ValueError: When no sample has a measured depth.
    """
    caps = {"min_depth_m": min_depth_m, "max_depth_m": max_depth_m}
    meters = {a: DepthMetrics(alignment=a, **caps) for a in alignments}
    rate_sums: dict[str, Tensor] = defaultdict(lambda: torch.tensor(0.0))
    num_samples = 0
    for batch in DataLoader(dataset, batch_size=batch_size, collate_fn=collate):
        truth = truth_of(predictor, batch)
        prediction = predictor(batch)
        mask = truth.valid_mask & evaluation_crop_mask(crop, *truth.size)
        for meter in meters.values():
            meter.update(prediction.depth_m, truth.depth_m, mask)
        num_samples += len(mask)
        for name, rate in prediction.firing_rates.items():
            rate_sums[name] += rate * len(mask)
    scores: dict[str, dict[str, float]] = {
        a: {k: v.item() for k, v in m.compute().items()} for a, m in meters.items()
    }
    rates = {name: (total / num_samples).item() for name, total in rate_sums.items()}
    if rates:
        first = scores[alignments[0]]
        first["firing_rate"] = sum(rates.values()) / len(rates)
        first |= {f"firing_rate/{name}": rate for name, rate in rates.items()}
    return scores


def truth_of(predictor: Predictor, batch: Batch) -> View:
    """The view whose depth a predictor predicts: its own, else the first with depth.

    Raises:
        ValueError: When no view has depth.
    """
    own = predictor.view(batch) if isinstance(predictor, NetworkPredictor) else None
    truth = own if own is not None and own.has("depth_m") else batch.labelled
    if truth is None:
        raise ValueError("the data has no depth to score against")
    return truth

"""Score the networks of a recipe on its test data, beside the label-free baselines."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from snn_depth.data.sample import SPIKES
from snn_depth.evaluation.baselines import RowMedianDepth, fit_row_medians, playback_as_rgb
from snn_depth.evaluation.scoring import Predictor, predictor_of, score
from snn_depth.geometry.crops import EvaluationCrop
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.models.predictor import DepthPredictor
from snn_depth.training.recipe import Recipe, Stage

Row = dict[str, Any]
MEDIAN_METHODS = ("constant_median", "row_median")


def score_stages(
    recipe: Recipe,
    networks: dict[str, DepthPredictor],
    data: Callable[[str], Dataset[Any]],
    *,
    seed: int,
) -> list[Row]:
    """Score every evaluated stage on its test sets, and the baselines on the recipe's.

    Args:
        recipe: The recipe.
        networks: Trained networks by stage name.
        data: Returns a data set by its name.
        seed: Seed of the run.

    Returns:
        One row per test set, method and alignment.
    """
    rows = []
    predictors = list(named_predictors(recipe, networks, data))
    depth_range = next(iter(networks.values())).depth_range
    for test_name in recipe.test_names():
        for method, predictor, tests in predictors:
            if test_name not in tests:
                continue
            labels = {"scenario": test_name, "method": method, "seed": seed}
            rows += score_predictor(
                predictor, data(test_name), depth_range, labels, crop=recipe.crop
            )
    return rows


def score_predictor(
    predictor: Predictor,
    dataset: Dataset[Any],
    depth_range: DepthRange,
    labels: Row,
    *,
    crop: EvaluationCrop = "none",
) -> list[Row]:
    """Score one predictor on one test set.

    Args:
        predictor: Maps a batch to a prediction.
        dataset: Samples with depth.
        depth_range: Depths that count, and that predictions are clamped to.
        labels: What the rows say about themselves.
        crop: Part of the image that counts.

    Returns:
        One row per alignment; `network` is snn, ann, or none for a baseline without one.
    """
    scores = score(
        predictor,
        dataset,
        min_depth_m=depth_range.min_depth_m,
        max_depth_m=depth_range.max_depth_m,
        crop=crop,
    )
    network = "snn" if "firing_rate" in scores["none"] else "ann"
    if isinstance(predictor, RowMedianDepth):
        network = "none"
    return [
        labels
        | {
            "network": network,
            "alignment": alignment,
            "min_depth_m": depth_range.min_depth_m,
            "max_depth_m": depth_range.max_depth_m,
            "crop": crop,
            "metrics": metrics,
        }
        for alignment, metrics in scores.items()
    ]


def named_predictors(
    recipe: Recipe, networks: dict[str, DepthPredictor], data: Callable[[str], Dataset[Any]]
) -> Iterator[tuple[str, Predictor, list[str]]]:
    """What the table compares: label-free baselines, networks from files, evaluated stages.

    Args:
        recipe: The recipe.
        networks: Trained networks by stage name, and those of `compare_with` by theirs.
        data: Returns a data set by its name.

    Yields:
        Name, predictor and the names of its test sets. The baselines are the constant and the
        per-row median depth of the first stage's training data, and the texture from playback
        through each RGB network.
    """
    first = recipe.first_stage
    train_data, depth_range = data(first.train_data), networks[first.name].depth_range
    for name, predictor in median_predictors(train_data, depth_range):
        yield name, predictor, recipe.test_data
    for name in recipe.compare_with:
        yield name, predictor_of(networks[name]), recipe.test_data
    for stage in recipe.stages.values():
        for name, predictor in stage_predictors(stage, networks[stage.name]):
            yield name, predictor, recipe.tests_of(stage)


def median_predictors(
    train_data: Dataset[Any], depth_range: DepthRange
) -> Iterator[tuple[str, Predictor]]:
    """The baselines that ignore the input.

    Args:
        train_data: Samples with depth.
        depth_range: Depths that count.

    Yields:
        Name (one of `MEDIAN_METHODS`) and predictor.
    """
    samples: Any = train_data
    truths = (samples[i].labelled for i in range(len(samples)))
    depth_maps_m = [np.asarray(truth.depth_m[0]) for truth in truths]
    for name, num_rows in zip(MEDIAN_METHODS, (1, samples.spec.height), strict=True):
        yield (
            name,
            fit_row_medians(
                depth_maps_m,
                num_rows,
                min_depth_m=depth_range.min_depth_m,
                max_depth_m=depth_range.max_depth_m,
            ),
        )


def stage_predictors(stage: Stage, network: DepthPredictor) -> Iterator[tuple[str, Predictor]]:
    """What the table compares of one stage.

    Args:
        stage: The stage.
        network: Its network.

    Yields:
        Name and predictor: playback through an RGB network, and the network on its own input.
    """
    if not network.reads_spikes:
        yield f"playback_to_{stage.name}", playback_predictor(network)
    if stage.evaluate:
        yield stage.name, predictor_of(network)


def playback_predictor(network: DepthPredictor) -> Predictor:
    """An RGB network on pictures that are reconstructed from the spikes."""
    return lambda batch: network(playback_as_rgb(batch[SPIKES].image))

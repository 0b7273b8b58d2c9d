"""Score the networks of a recipe on its test data, beside the label-free baselines."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from snn_depth.data.sample import checked
from snn_depth.evaluation.baselines import RowMedianDepth, fit_row_medians, playback_of
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.results import CANONICAL_CAMERA, PLAYBACK_PREFIX
from snn_depth.evaluation.scoring import Predictor, score
from snn_depth.geometry.crops import EvaluationCrop
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.training.recipe import Recipe, Stage

logger = logging.getLogger(__name__)
Row = dict[str, Any]
MEDIAN_METHODS = ("constant_median", "row_median")


def score_stages(
    recipe: Recipe,
    networks: Mapping[str, NetworkPredictor],
    data: Callable[[str], Dataset[Any]],
    *,
    seed: int,
) -> list[Row]:
    """Score every evaluated stage on its test sets, and the baselines on the recipe's.

    Networks go by the names of their stages, those of `compare_with` by theirs. There is one row
    per test set, method and alignment.
    """
    rows = []
    predictors = list(named_predictors(recipe, networks, data))
    depth_range = next(iter(networks.values())).network.depth_range
    for test_name in recipe.test_names():
        if not has_depth(data(test_name)):
            logger.info("%s has no depth; nothing is scored on it", test_name)
            continue
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
    """Score one predictor on one test set with depth.

    Depths outside of `depth_range` or the crop do not count; predictions are clamped. What the
    rows say about themselves, `labels`, stands in each of them, one per alignment; their `network`
    is snn, ann, or none for a baseline without one.
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
    recipe: Recipe, networks: Mapping[str, NetworkPredictor], data: Callable[[str], Dataset[Any]]
) -> Iterator[tuple[str, Predictor, list[str]]]:
    """What the table compares: label-free baselines, networks from files, evaluated stages.

    Yields:
        Name, predictor and the names of its test sets. The baselines are the constant and the
        per-row median depth of the first stage's training data, and the texture from playback
        through each RGB network.
    """
    first = recipe.first_stage
    depth_range = networks[first.name].network.depth_range
    if has_depth(data(first.train_data)):
        for name, predictor in median_predictors(data(first.train_data), depth_range):
            yield name, predictor, recipe.test_data
    else:
        logger.info("%s has no depth; the median baselines are left out", first.train_data)
    for name in recipe.compare_with:
        yield name, networks[name], recipe.test_data
    for stage in recipe.stages.values():
        for name, predictor in stage_predictors(recipe, stage, networks[stage.name]):
            yield name, predictor, recipe.tests_of(stage)


def has_depth(samples: Any) -> bool:
    """Whether the first sample of a data set is labelled."""
    return checked(samples[0]).labelled is not None


def median_predictors(
    train_data: Dataset[Any], depth_range: DepthRange
) -> Iterator[tuple[str, Predictor]]:
    """The baselines that ignore the input, by their names in `MEDIAN_METHODS`.

    Args:
        train_data: Samples with depth.
        depth_range: Depths that count.
    """
    samples: Any = train_data
    views = (checked(samples[i]).labelled for i in range(len(samples)))
    depth_maps_m = [np.asarray(view.depth_m[0]) for view in views if view is not None]
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


def stage_predictors(
    recipe: Recipe, stage: Stage, network: NetworkPredictor
) -> Iterator[tuple[str, Predictor]]:
    """What the table compares of one stage, by name.

    Playback through an RGB network, and the network on its own input; each once more with all
    pictures as they are where the recipe has the stage in `as_is`.
    """
    predictors = {stage.name: network} if stage.evaluate else {}
    if not network.network.reads_spikes:
        playback = {f"{PLAYBACK_PREFIX}{stage.name}": replace(network, read=playback_of)}
        predictors = playback | predictors
    for name, predictor in predictors.items():
        if stage.name in recipe.as_is:
            yield name, replace(predictor, as_is=True)
            yield name + CANONICAL_CAMERA, predictor
        else:
            yield name, predictor

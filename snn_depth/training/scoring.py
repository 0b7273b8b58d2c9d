"""Score the networks of a recipe on its test data, beside the label-free baselines."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from snn_depth.baselines import fit_row_medians, playback_as_rgb
from snn_depth.evaluation import Predictor, score
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Batch, predict
from snn_depth.training.recipe import Recipe

Row = dict[str, Any]


def score_stages(
    recipe: Recipe,
    networks: dict[str, DepthPredictor],
    data: Callable[[str], Dataset[Any]],
    *,
    seed: int,
) -> list[Row]:
    """Score every evaluated stage and the baselines on every test set.

    Args:
        recipe: The recipe.
        networks: Trained networks by stage name.
        data: Returns a data set by its name.
        seed: Seed of the run.

    Returns:
        One row per test set, method and alignment.
    """
    rows = []
    predictors = dict(named_predictors(recipe, networks, data))
    depth_range = next(iter(networks.values())).depth_range
    for test_name in recipe.test_data:
        for method, predictor in predictors.items():
            scores = score(
                predictor,
                data(test_name),
                min_depth_m=depth_range.min_depth_m,
                max_depth_m=depth_range.max_depth_m,
                crop=recipe.crop,
            )
            rows += [
                {
                    "scenario": test_name,
                    "method": method,
                    "network": "snn" if "firing_rate" in scores["none"] else "ann",
                    "seed": seed,
                    "alignment": alignment,
                    "min_depth_m": depth_range.min_depth_m,
                    "max_depth_m": depth_range.max_depth_m,
                    "crop": recipe.crop,
                    "metrics": metrics,
                }
                for alignment, metrics in scores.items()
            ]
    return rows


def named_predictors(
    recipe: Recipe, networks: dict[str, DepthPredictor], data: Callable[[str], Dataset[Any]]
) -> Iterator[tuple[str, Predictor]]:
    """What the table compares: label-free baselines, networks from files, evaluated stages.

    Args:
        recipe: The recipe.
        networks: Trained networks by stage name, and those of `compare_with` by theirs.
        data: Returns a data set by its name.

    Yields:
        Name and predictor. The baselines are the constant and the per-row median depth of the
        first stage's training data, and the texture from playback through each RGB network.
    """
    first = recipe.stages[0]
    train_data: Any = data(first.train_data)
    depth_range = networks[first.name].depth_range
    depth_maps_m = [np.asarray(train_data[i]["depth_m"][0]) for i in range(len(train_data))]
    for name, num_rows in (("constant_median", 1), ("row_median", train_data.spec.height)):
        yield (
            name,
            fit_row_medians(
                depth_maps_m,
                num_rows,
                min_depth_m=depth_range.min_depth_m,
                max_depth_m=depth_range.max_depth_m,
            ),
        )
    for name in recipe.compare_with:
        yield name, partial(predict, networks[name])
    for stage in recipe.stages:
        network = networks[stage.name]
        if network.input_key == "rgb":
            yield f"playback_to_{stage.name}", partial(predict_from_playback, network)
        if stage.evaluate:
            yield stage.name, partial(predict, network)


def predict_from_playback(network: DepthPredictor, batch: Batch) -> DepthPrediction:
    """Reconstruct a picture from the spikes and give it to an RGB network.

    Args:
        network: RGB network.
        batch: With `spikes`.

    Returns:
        The prediction.
    """
    prediction: DepthPrediction = network(playback_as_rgb(batch["spikes"]))
    return prediction

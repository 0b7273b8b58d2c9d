"""The end of a run for human eyes: a table and pictures."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch.utils.data import Dataset

from snn_depth.command.table import Table, number_columns
from snn_depth.data.sample import RGB, SPIKES, collate
from snn_depth.evaluation.baselines import playback_as_rgb
from snn_depth.evaluation.evaluation_table import ALIGNMENT_NOTES
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.visualization import PanelRow, save_depth_panel
from snn_depth.training.recipe import Recipe

COLUMNS = ("abs_rel", "rmse", "log10", "delta1", "firing_rate")
NUM_PICTURES = 4


def print_table(summary: list[dict[str, Any]]) -> None:
    """Print one table per test set and alignment of a summary: mean and spread over seeds."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in summary:
        groups[entry["scenario"], entry["alignment"]].append(entry)
    for (scenario, alignment), entries in groups.items():
        num_seeds = entries[0]["num_seeds"]
        spread = f", mean ± standard deviation of {num_seeds} seeds" if num_seeds > 1 else ""
        title = f"{scenario}, alignment: {alignment} ({ALIGNMENT_NOTES[alignment]}){spread}"
        metrics = number_columns(*(f"{c} (m)" if c == "rmse" else c for c in COLUMNS))
        rows = [[entry["method"], *(format_cell(entry, c) for c in COLUMNS)] for entry in entries]
        Console().print(Table(title, ["method", *metrics], rows).to_rich())


def format_cell(entry: dict[str, Any], metric: str) -> str:
    """Mean and, with several seeds, standard deviation; empty where there is no such metric."""
    mean, std = entry.get(f"{metric}_mean"), entry.get(f"{metric}_std")
    if mean is None:
        return ""
    return f"{mean:.3f}" if std is None else f"{mean:.3f} ± {std:.3f}"


@torch.inference_mode()
def save_panels(
    recipe: Recipe,
    networks: Mapping[str, NetworkPredictor],
    data: Callable[[str], Dataset[Any]],
    folder: Path,
) -> None:
    """Write one picture per test and shown set: RGB, spikes, every network, truth, error.

    Networks from files come first, then the evaluated stages; one that is not scored on a test
    set, or whose input a set does not have, is left out of its picture.
    """
    depth_range = next(iter(networks.values())).network.depth_range
    tests = dict.fromkeys(recipe.compare_with, recipe.test_data) | {
        stage.name: recipe.tests_of(stage) for stage in recipe.stages.values() if stage.evaluate
    }
    for data_name in dict.fromkeys([*recipe.test_names(), *recipe.shown_data]):
        dataset: Any = data(data_name)
        # Evenly spaced over the set, so that the pictures show different scenes.
        picks = torch.linspace(0, len(dataset) - 1, NUM_PICTURES).round().int().tolist()
        batch = collate([dataset[i] for i in picks])
        predictions = {
            name: replace(networks[name], as_is=name in recipe.as_is)(batch).depth_m
            for name in tests
            if data_name in [*tests[name], *recipe.shown_data]
            and networks[name].network.input_key in batch
        }
        textures = playback_as_rgb(batch[SPIKES].image)
        truth = batch.labelled
        rows = [
            PanelRow(
                predictions_m={name: d[i, 0].numpy() for name, d in predictions.items()},
                target_m=None if truth is None else truth.depth_m[i, 0].numpy(),
                texture=textures[i, 0].numpy(),
                rgb=dataset[pick][RGB].image.permute(1, 2, 0).numpy() if RGB in batch else None,
            )
            for i, pick in enumerate(picks)
        ]
        save_depth_panel(
            folder / f"{data_name}.png",
            rows,
            min_depth_m=depth_range.min_depth_m,
            max_depth_m=depth_range.max_depth_m,
            title=f"{data_name}: depth in metres, not aligned",
        )

"""Compare depth with measured depth: `python -m snn_depth.evaluate CHECKPOINT DATA [DATA ...]`."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from snn_depth.baselines import fit_row_medians, playback_as_rgb
from snn_depth.canonical_camera import CanonicalCamera, canonical_camera
from snn_depth.checkpoint import LoadedNetwork, load_network
from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line
from snn_depth.data.crops import EvaluationCrop
from snn_depth.data.datasets import RecordingDataset, collate, find_recordings
from snn_depth.data.recording import Recording
from snn_depth.data.spec import DataSpec
from snn_depth.device import choose_device
from snn_depth.evaluation import Predictor, score
from snn_depth.metrics import METRIC_NAMES, Alignment
from snn_depth.models.prediction import DepthPrediction
from snn_depth.objectives.base import Batch
from snn_depth.progress import progress_bar
from snn_depth.results import write_results
from snn_depth.visualization import PanelRow, save_depth_panel

NUM_PICTURES = 4
ALIGNMENT_TITLES = {
    "none": "alignment none: metres as predicted",
    "median": "alignment median: scaled per image",
    "scale_shift": "alignment scale_shift: inverse depth fitted per image",
}
Scores = dict[str, dict[str, float]]


def evaluate(
    checkpoint: Path,
    data: Sequence[Path],
    *,
    train_data: Sequence[Path] = (),
    teacher: Path | None = None,
    alignments: Sequence[Alignment] = ("none", "median"),
    crop: EvaluationCrop = "none",
    min_depth_m: float | None = None,
    max_depth_m: float | None = None,
    output: Path | None = None,
    pictures: Path | None = None,
    device: str = "auto",
) -> None:
    """Compare a network's depth with the measured depth of recordings.

    Metrics are computed per image at the recording's own size, then averaged over images.

    Args:
        checkpoint: Network to evaluate (*.safetensors).
        data: Recordings (*.h5) with depth, or folders of them; each is a data set of its own.
        train_data: Recordings or folders with training depth. Adds the baselines that ignore
            the input: constant median depth and per-row median depth.
        teacher: RGB network (*.safetensors). Adds the baseline "texture from playback, then an
            RGB network", and that network on the recording's own pictures where it has some.
        alignments: How predictions are aligned with the truth (none, median, scale_shift).
        crop: Part of the image that counts.
        min_depth_m: Measured depths at or below do not count, and predictions are clamped. By
            default the near end of the network's range.
        max_depth_m: Measured depths at or above do not count, and predictions are clamped. By
            default the far end of the network's range.
        output: Results file to write (*.json).
        pictures: Folder to write one panel of pictures per data set into.
        device: auto, cpu, cuda or another torch device.
    """
    console = Console()
    loaded = load_network(checkpoint)
    loaded.network.to(choose_device(device))
    method = _name(loaded, checkpoint)
    depth_range = loaded.network.depth_range
    caps = {
        "min_depth_m": depth_range.min_depth_m if min_depth_m is None else min_depth_m,
        "max_depth_m": depth_range.max_depth_m if max_depth_m is None else max_depth_m,
    }
    baselines: dict[str, Predictor] = {}
    if train_data:
        for name, num_rows in (("constant_median", 1), ("row_median", loaded.data.height)):
            baselines[name] = fit_row_medians(_depth_maps_m(train_data), num_rows, **caps)
    rows: list[dict[str, Any]] = []
    panels: dict[str, list[PanelRow]] = {}
    for data_name, path in _unique_names(data).items():
        dataset = RecordingDataset(path, loaded.data.num_frames, loaded.data.num_bins)
        predictors = dict(baselines)
        if teacher is not None:
            predictors |= _teacher_predictors(teacher, device, has_rgb="rgb" in dataset[0])
        predictors[method] = _in_camera(loaded, lambda batch: _part(batch, loaded))
        scores: dict[str, Scores] = {}
        for name, predictor in predictors.items():
            with progress_bar(f"{data_name}: {name}", len(dataset)) as advance:
                scores[name] = score(
                    _counting(predictor, advance),
                    dataset,
                    alignments=alignments,
                    crop=crop,
                    batch_size=1,  # key frames of one data set may have different intrinsics
                    **caps,
                )

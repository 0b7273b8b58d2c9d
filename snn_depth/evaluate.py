"""Compare depth with measured depth: `python -m snn_depth.evaluate CHECKPOINT DATA [DATA ...]`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from snn_depth.command.device import choose_device
from snn_depth.command.exit import run_command
from snn_depth.command.progress import progress_bar
from snn_depth.data.sample import RGB, SPIKES, Batch, collate
from snn_depth.data.sets.recording_dataset import RecordingDataset, find_recordings
from snn_depth.data.streams.recording import Recording
from snn_depth.evaluation.baselines import fit_row_medians, playback_as_rgb, playback_of
from snn_depth.evaluation.evaluation_table import Row, metrics_table, rates_line
from snn_depth.evaluation.metrics import Alignment
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.evaluation.results import write_results
from snn_depth.evaluation.scoring import Predictor, score
from snn_depth.evaluation.visualization import PanelRow, save_depth_panel
from snn_depth.geometry.crops import EvaluationCrop
from snn_depth.models.prediction import DepthPrediction
from snn_depth.training.checkpoint import LoadedNetwork, load_network

NUM_PICTURES = 4
BATCH_SIZE = 8


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
    loaded = load_network(checkpoint)
    loaded.network.to(choose_device(device))
    network = NetworkPredictor(loaded.network, loaded.data)
    method = _method_name(loaded, checkpoint)
    depth_range = loaded.network.depth_range
    caps = {
        "min_depth_m": depth_range.min_depth_m if min_depth_m is None else min_depth_m,
        "max_depth_m": depth_range.max_depth_m if max_depth_m is None else max_depth_m,
    }
    medians: dict[str, Predictor] = {}
    if train_data:
        for name, num_rows in (("constant_median", 1), ("row_median", loaded.data.height)):
            medians[name] = fit_row_medians(_depth_maps_m(train_data), num_rows, **caps)

    console = Console()
    rows: list[Row] = []
    panels: dict[str, list[PanelRow]] = {}
    for data_name, path in _unique_names(data).items():
        dataset = RecordingDataset(path, loaded.data.num_frames, loaded.data.num_bins)
        predictors = dict(medians)
        if teacher is not None:
            predictors |= _teacher_predictors(teacher, device, has_rgb=RGB in dataset[0])
        predictors[method] = network
        scores = _score_all(
            predictors, dataset, data_name, alignments=alignments, crop=crop, **caps
        )
        keys = {"scenario": data_name, "crop": crop, **caps, "seed": loaded.provenance.get("seed")}
        data_rows = [{**keys, **part} for part in scores]
        rows += data_rows
        for alignment in alignments:
            table = metrics_table([r for r in data_rows if r["alignment"] == alignment])
            console.print(table.to_rich(narrow=True))  # all metrics fit into 80 columns
        console.print(_notes(data_rows, dataset, network))
        console.print(rates_line(data_rows[-len(alignments)]))
        if pictures is not None:
            panels[data_name] = _panel_rows(dataset, method, predictors[method])
    if output is not None:
        write_results(output, output.stem, rows)
        console.print(f"results: {output}")
    if pictures is not None:
        for data_name, panel in panels.items():
            target = pictures / f"{data_name.replace('/', '_')}.png"
            save_depth_panel(target, panel, title=f"{data_name}: depth as predicted", **caps)
            console.print(f"picture: {target}")


def _score_all(
    predictors: Mapping[str, Predictor],
    dataset: RecordingDataset,
    data_name: str,
    *,
    alignments: Sequence[Alignment],
    **settings: Any,
) -> Iterator[Row]:
    """Score predictors one after the other, with a progress bar for each."""
    for method, predictor in predictors.items():
        with progress_bar(f"{data_name}: {method}", len(dataset)) as advance:
            scores = score(
                _counting(predictor, advance),
                dataset,
                alignments=alignments,
                batch_size=BATCH_SIZE,
                **settings,
            )
        for alignment in alignments:
            yield {"method": method, "alignment": alignment, "metrics": scores[alignment]}


def _notes(rows: Sequence[Row], dataset: RecordingDataset, network: NetworkPredictor) -> str:
    """What the reader of the table has to know about the images and the camera."""
    metrics = rows[-1]["metrics"]
    view = dataset[0][SPIKES]
    camera = network.camera(*view.size, view.parts.get("intrinsics"))
    notes = [f"mean over {metrics['num_images']:.0f} images of {len(dataset)}"]
    if metrics["num_empty"]:
        notes.append(f"{metrics['num_empty']:.0f} without measured depth left out")
    notes.append(camera.describe())
    if note := network.trained_for.other_rate(dataset.spec.sample_rate_hz):
        notes.append(f"WARNING: {note}")
    return "; ".join(notes)


def _teacher_predictors(path: Path, device: str, *, has_rgb: bool) -> dict[str, Predictor]:
    """An RGB network on textures made from the spikes and, where possible, on pictures."""
    loaded = load_network(path)
    if loaded.network.reads_spikes:
        raise ValueError(f"teacher {path} reads {loaded.network.input_key!r}; expected 'rgb'")
    loaded.network.to(choose_device(device))
    name = _method_name(loaded, path)
    predictors: dict[str, Predictor] = {
        f"playback_to_{name}": NetworkPredictor(loaded.network, loaded.data, playback_of)
    }
    if has_rgb:
        predictors[f"{name}_on_rgb"] = NetworkPredictor(loaded.network, loaded.data)
    return predictors


def _counting(predictor: Predictor, advance: Callable[[int], None]) -> Predictor:
    def predict(batch: Batch) -> DepthPrediction:
        prediction = predictor(batch)
        advance(len(prediction.depth_m))
        return prediction

    return predict


def _method_name(loaded: LoadedNetwork, path: Path) -> str:
    # Training calls every stage's file the same; its stage tells them apart.
    return str(loaded.provenance.get("stage", path.stem))


def _unique_names(paths: Sequence[Path]) -> dict[str, Path]:
    """Short names for data sets; whole paths where those are the same."""
    names = [path.stem for path in paths]
    return {p.stem if names.count(p.stem) == 1 else str(p): p for p in paths}


def _depth_maps_m(paths: Sequence[Path]) -> Iterator[NDArray[np.float32]]:
    for path in find_recordings(paths):
        with Recording.open(path) as recording:
            for k in range(recording.num_key_frames):
                depth_m = recording.depth_m(k)
                if depth_m is not None:
                    yield depth_m


def _panel_rows(dataset: RecordingDataset, method: str, predictor: Predictor) -> list[PanelRow]:
    """Samples evenly spaced over a data set."""
    picks = np.unique(np.linspace(0, len(dataset) - 1, NUM_PICTURES).round().astype(int))
    rows = []
    for pick in picks.tolist():
        sample = dataset[pick]
        batch = collate([sample])
        rows.append(
            PanelRow(
                predictions_m={method: predictor(batch).depth_m[0, 0].numpy()},
                target_m=sample[SPIKES].depth_m[0].numpy(),
                texture=playback_as_rgb(batch[SPIKES].image)[0, 0].numpy(),
                rgb=sample[RGB].image.permute(1, 2, 0).numpy() if RGB in sample else None,
            )
        )
    return rows


if __name__ == "__main__":
    run_command(evaluate)

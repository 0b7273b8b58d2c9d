"""Look at a data set before training on it: `python -m snn_depth.data.check DIR`."""

from pathlib import Path

import numpy as np
from rich.console import Console

from snn_depth.command.exit import run_command
from snn_depth.command.table import Table
from snn_depth.data.sample import RGB, SPIKES, Sample
from snn_depth.data.sets.public import ADAPTERS, DatasetLayout
from snn_depth.data.sets.recording_folder import RecordingFolder
from snn_depth.data.streams.exposure import auto_expose
from snn_depth.evaluation.visualization import PanelRow, save_depth_panel

KNOWN: tuple[type[DatasetLayout], ...] = (*ADAPTERS, RecordingFolder)
MAX_PROBLEMS = 20


def check(folder: Path, *, format: str | None = None, output: Path | None = None) -> bool:
    """Say what a data set's folder holds and what is missing or wrong, and save one picture.

    The exit code is 1 where something is missing or wrong.

    Args:
        folder: Folder of a public data set in its published layout, or of recordings (*.h5).
        format: Class of the data set, such as PkuSpikeStereo. By default it is recognised.
        output: Picture of one sample to write. By default NAME_check.png in the current folder.

    Returns:
        Whether all is well.

    Raises:
        ValueError: When the folder does not exist, the output is one, or the format is not known.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; accepted: the folder of a data set")
    if output is not None and output.is_dir():
        raise ValueError(f"output {output} is a folder; accepted: a picture to write")
    # Paths stay whole, so that they can be copied.
    console = Console(soft_wrap=True, highlight=False, markup=False)
    found = recognise(folder) if format is None else [_named(format)]
    if len(found) > 1:
        names = " or ".join(data_set.__name__ for data_set in found)
        raise ValueError(f"{folder} looks like several data sets; choose --format {names}")
    if not found:
        _print_unknown(console, folder)
        return False
    return _check_one(console, found[0], folder, output)


def recognise(folder: Path) -> list[type[DatasetLayout]]:
    """The data sets that a folder may be.

    Args:
        folder: Any folder.

    Returns:
        Their classes; several only where names do not tell them apart.
    """
    found = [data_set for data_set in ADAPTERS if data_set.recognises(folder)]
    # Recordings may also lie beside a data set that they were made from.
    return found or [RecordingFolder] * RecordingFolder.recognises(folder)


def preview_panel(sample: Sample) -> tuple[PanelRow, tuple[float, float]]:
    """Prepare one sample's picture: RGB, texture of the spikes, depth; whichever it has.

    Args:
        sample: As `DatasetLayout.preview` returns it.

    Returns:
        The row of a panel, and the nearest and farthest depth of its colours in metres.

    Raises:
        ValueError: When the sample has depth that is nowhere measured.
    """
    labelled = sample.labelled
    depth_m = None if labelled is None else labelled.depth_m[0].numpy()
    row = PanelRow(
        rgb=sample[RGB].image.permute(1, 2, 0).numpy() if RGB in sample else None,
        texture=auto_expose(sample[SPIKES].image.sum(0))[0].numpy() if SPIKES in sample else None,
        target_m=depth_m,
    )
    return row, (1.0, 80.0) if depth_m is None else _limits_m(depth_m)


def _check_one(
    console: Console, data_set: type[DatasetLayout], folder: Path, output: Path | None
) -> bool:
    console.print(f"{folder}: {data_set.title} (class {data_set.__module__}.{data_set.__name__})")
    report = data_set.check_layout(folder)
    problems = list(report.problems)
    if report.num_samples:
        rows = [[name, str(number)] for name, number in report.num_samples.items()]
        console.print(Table("", ["what", "samples"], rows).to_rich())
    if any(report.num_samples.values()):
        try:
            sample = data_set.preview(folder)
            row, (low_m, high_m) = preview_panel(sample)
        except (ValueError, OSError) as error:
            problems.append(f"no picture: {error}")
        else:
            target = output or Path(f"{folder.resolve().name}_check.png")
            title = f"{data_set.title}: one sample"
            save_depth_panel(target, [row], min_depth_m=low_m, max_depth_m=high_m, title=title)
            console.print(f"{_describe(sample)}\npicture: {target}")
    elif not problems:
        problems.append(f"{folder}: no sample")
    for problem in problems[:MAX_PROBLEMS]:
        console.print(f"WRONG: {problem}")
    if len(problems) > MAX_PROBLEMS:
        console.print(f"... and {len(problems) - MAX_PROBLEMS} more like these")
    if not problems:
        console.print("nothing is missing or wrong")
    elif not any(data_set.expected_tree in problem for problem in problems):
        console.print(f"\nexpected in {folder}:\n{data_set.expected_tree}")
    return not problems


def _print_unknown(console: Console, folder: Path) -> None:
    console.print(f"{folder}: not the layout of any known data set")
    nearby = [
        folder.resolve().parent,
        *(path for path in sorted(folder.iterdir()) if path.is_dir()),
    ]
    for place in nearby:
        for data_set in ADAPTERS:
            if data_set.recognises(place):
                console.print(f"did you mean {place}? That is {data_set.title}")
    for data_set in KNOWN:
        console.print(
            f"\n{data_set.title} (--format {data_set.__name__})\n{data_set.expected_tree}",
            markup=False,
        )


def _named(name: str) -> type[DatasetLayout]:
    by_name = {data_set.__name__: data_set for data_set in KNOWN}
    if name not in by_name:
        raise ValueError(f"format is {name!r}; accepted: {', '.join(by_name)}")
    return by_name[name]


def _limits_m(depth_m: np.ndarray) -> tuple[float, float]:
    """Range of the colours, without the few wildest values."""
    measured = depth_m[depth_m > 0]
    if not measured.size:
        raise ValueError("the sample's depth is measured nowhere")
    low_m, high_m = (float(f"{m:.2g}") for m in np.percentile(measured, [0.5, 99.5]))
    return low_m, max(high_m, 1.1 * low_m)


def _describe(sample: Sample) -> str:
    """Shapes and range of one sample, in one line."""
    texts = [f"{name} {tuple(view.image.shape)}" for name, view in sample.views.items()]
    if sample.labelled is not None:
        depth_m = sample.labelled.depth_m
        texts.append(f"depth_m {tuple(depth_m.shape)}")
    if intrinsics := [v.intrinsics for v in sample.views.values() if v.has("intrinsics")]:
        texts.append(f"intrinsics {tuple(intrinsics[0].shape)}")
    if sample.labelled is not None:
        measured = depth_m[depth_m > 0]
        low_m, high_m = measured.min().item(), measured.max().item()
        share = measured.numel() / depth_m.numel()
        texts.append(f"measured in {share:.1%} of the pixels, {low_m:.3g} .. {high_m:.3g} m")
    return f"one sample: {', '.join(texts)}"


if __name__ == "__main__":
    run_command(check)

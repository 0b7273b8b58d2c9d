"""Errors against optimiser steps, a line per variant."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from snn_depth.files.atomic import atomic_path

PANELS = {
    "selected_abs_rel": "pseudo labels, pixels learned from",
    "label_abs_rel": "pseudo labels, all pixels",
    "abs_rel": "student, all pixels",
}


def save_error_plot(
    path: Path | str, measurements: Mapping[str, Sequence[Mapping[str, float]]], *, title: str
) -> None:
    """Draw what `PseudoLabelError` measured.

    Args:
        path: Target picture.
        measurements: By variant; the first one is drawn in black, above the others.
        title: Written above.

    Raises:
        OSError: When the picture cannot be written.
    """
    figure = Figure(figsize=(12, 4.7), dpi=120, layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharex=True, sharey=True)
    for ax, (metric, name) in zip(axes, PANELS.items(), strict=True):
        for i, (variant, rows) in enumerate(measurements.items()):
            ax.plot(
                [row["step"] for row in rows],
                [row[metric] for row in rows],
                label=variant,
                color="black" if i == 0 else f"C{i - 1}",
                linewidth=2.2 if i == 0 else 1.3,
                zorder=3 if i == 0 else 2,
            )
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("optimiser step")
        ax.grid(alpha=0.3, which="both")
        ax.set_yscale("log")  # one variant may leave all others far below
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
    axes[0].set_ylabel("abs_rel against the hidden labels")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(title, fontsize=11)
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure).print_figure(temporary)

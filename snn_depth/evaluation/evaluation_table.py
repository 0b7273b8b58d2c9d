"""Tables of depth metrics for the terminal."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from snn_depth.evaluation.metrics import METRIC_NAMES

ALIGNMENT_NOTES = {
    "none": "metres as predicted",
    "median": "scaled per image",
    "scale_shift": "inverse depth fitted per image",
}
Row = dict[str, Any]


def metrics_table(rows: Sequence[Row]) -> Table:
    """Table of one data set and one alignment.

    Args:
        rows: Rows of the results file that differ in nothing but the method.

    Returns:
        What rich prints.
    """
    first = rows[0]
    title = (
        f"{first['scenario']}, alignment: {first['alignment']} "
        f"({ALIGNMENT_NOTES[first['alignment']]}), caps {first['min_depth_m']:g} .. "
        f"{first['max_depth_m']:g} m, crop: {first['crop']}; sq_rel and rmse in m, silog in %"
    )
    # As narrow as can be, so that all metrics fit into 80 columns.
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("method", overflow="fold")
    for name in METRIC_NAMES:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        values = (row["metrics"][name] for name in METRIC_NAMES)
        table.add_row(row["method"], *(f"{v:.3f}" if v < 10 else f"{v:.2f}" for v in values))
    return table


def rates_line(row: Row) -> str:
    """Firing rates of one network.

    Args:
        row: A row with the rates among its metrics.

    Returns:
        One line; empty where the network does not spike.
    """
    metrics = row["metrics"]
    if "firing_rate" not in metrics:
        return ""
    rates = [
        f"{name.removeprefix('firing_rate/')} {rate:.1%}"
        for name, rate in metrics.items()
        if name.startswith("firing_rate/")
    ]
    return f"mean firing rate {metrics['firing_rate']:.1%}: {', '.join(rates)}"

"""Tables of depth metrics for the terminal."""

from collections.abc import Sequence
from typing import Any

from snn_depth.command.table import Table, number_columns
from snn_depth.evaluation.metrics import METRIC_NAMES

ALIGNMENT_NOTES = {
    "none": "metres as predicted",
    "median": "scaled per image",
    "scale_shift": "inverse depth fitted per image",
}
Row = dict[str, Any]


def metrics_table(rows: Sequence[Row]) -> Table:
    """Rows of a results file that differ in nothing but the method."""
    first = rows[0]
    title = (
        f"{first['scenario']}, alignment: {first['alignment']} "
        f"({ALIGNMENT_NOTES[first['alignment']]}), caps {first['min_depth_m']:g} .. "
        f"{first['max_depth_m']:g} m, crop: {first['crop']}; sq_rel and rmse in m, silog in %"
    )
    cells = []
    for row in rows:
        values = (row["metrics"][name] for name in METRIC_NAMES)
        cells.append([row["method"], *(f"{v:.3f}" if v < 10 else f"{v:.2f}" for v in values)])
    return Table(title, ["method", *number_columns(*METRIC_NAMES)], cells)


def rates_line(row: Row) -> str:
    """Firing rates of one network in a line; empty where it does not spike."""
    metrics = row["metrics"]
    if "firing_rate" not in metrics:
        return ""
    rates = [
        f"{name.removeprefix('firing_rate/')} {rate:.1%}"
        for name, rate in metrics.items()
        if name.startswith("firing_rate/")
    ]
    return f"mean firing rate {metrics['firing_rate']:.1%}: {', '.join(rates)}"

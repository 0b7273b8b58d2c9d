"""The same counts by NeuroBench, and which of its rules explain every difference."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.operations.neurobench_comparison import (
    compare_with_neurobench,
    neurobench_version,
    result_row,
    stored_rows,
)
from benchmarks.report.document import Section
from benchmarks.report.numbers import millions
from benchmarks.study.comparison import Comparison
from snn_depth.command.table import Table
from snn_depth.files.digest import file_sha256
from snn_depth.models.depth_network import DepthNetwork
from snn_depth.training.checkpoint import load_network

_COUNTS = ("dense", "macs", "accumulations")


def neurobench_section(comparison: Comparison) -> Section:
    """Our counts, NeuroBench's, and the difference by rule."""
    if neurobench_version() is not None and comparison.checkpoints:
        rows = _live(comparison)
        origin = f"NeuroBench {neurobench_version()}, run for this report."
    else:
        rows = of_this_report(stored_rows(), comparison)
        origin = (
            f"NeuroBench {rows[0]['neurobench_version']}, stored on {rows[0]['date'][:10]}: it is "
            "not installed here (pip install neurobench). In brackets the input and the weights' "
            "sha256."
        )
        if not any(row["is_of_this_report"] for row in rows):
            origin += " No network of this report is among them."
    cells = []
    for row in rows:
        metrics = row["metrics"]
        cells.append([_heading(row), *(millions(metrics[c]) for c in _COUNTS)])
        for difference in row["differences"]:
            cells.append([f"+ {difference['rule']}", *(_signed(difference[c]) for c in _COUNTS)])
        cells.append(["+ unexplained", *(_signed(metrics[f"unexplained_{c}"]) for c in _COUNTS)])
        cells.append(["= NeuroBench", *(millions(metrics[f"neurobench_{c}"]) for c in _COUNTS)])
    table = Table(
        "Operations per inference by both, and what NeuroBench's rules change",
        ["network", "dense", "MACs", "ACs"],
        cells,
        origin,
    )
    return Section("neurobench", "Cross-check: NeuroBench", [table], {"rows": rows})


def of_this_report(
    rows: Sequence[Mapping[str, Any]], comparison: Comparison
) -> list[dict[str, Any]]:
    """Stored rows, each with `is_of_this_report`: whether the report has the same weights."""
    own = {file_sha256(path) for path in comparison.checkpoints}
    own.add(comparison.artifact.provenance.get("checkpoint_sha256", ""))
    return [{**row, "is_of_this_report": row["weights_sha256"] in own} for row in rows]


def _heading(row: Mapping[str, Any]) -> str:
    if "weights_sha256" not in row:
        return f"{row['network']}: ours"
    whose = "ours" if row["is_of_this_report"] else "stored"
    return f"{row['network']} ({row['input']}, {row['weights_sha256'][:12]}): {whose}"


def _live(comparison: Comparison) -> list[dict[str, Any]]:
    batch = next(comparison.samples.batches())
    rows = []
    for path, measured in zip(comparison.checkpoints, comparison.others, strict=True):
        network = load_network(path).network
        assert isinstance(network, DepthNetwork)
        row = result_row(compare_with_neurobench(network, batch))
        rows.append({"network": measured.network.name, **row})
    return rows


def _signed(count: float) -> str:
    return "0" if count == 0 else f"{'+' if count > 0 else '-'}{millions(abs(count))}"

"""The same counts by NeuroBench, and which of its rules explain every difference."""

from typing import Any

from benchmarks.neurobench_check import (
    compare_with_neurobench,
    neurobench_version,
    result_row,
    stored_rows,
)
from benchmarks.report.document import Section, Table
from benchmarks.report.numbers import millions
from benchmarks.report.part import Part
from benchmarks.report.study import Study
from snn_depth.checkpoint import load_network
from snn_depth.models.depth_network import DepthNetwork

_COUNTS = ("dense", "macs", "accumulations")


def neurobench_part(study: Study) -> Part:
    """Our counts, NeuroBench's, and the difference by rule.

    Args:
        study: With the networks that torch runs, and the samples.
    """
    if neurobench_version() is not None and study.checkpoints:
        rows = _live(study)
        origin = f"NeuroBench {neurobench_version()}, run for this report."
    else:
        rows = stored_rows()
        origin = (
            f"NeuroBench {rows[0]['neurobench_version']}, stored on {rows[0]['date'][:10]}: it is "
            "not installed here (pip install neurobench)."
        )
    cells = []
    for row in rows:
        metrics = row["metrics"]
        name = f"{row['network']} ({row['input']})" if "input" in row else row["network"]
        cells.append([f"{name}: ours", *(millions(metrics[c]) for c in _COUNTS)])
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
    return Part("neurobench", Section("Cross-check: NeuroBench", [table]), {"rows": rows})


def _live(study: Study) -> list[dict[str, Any]]:
    batch = next(study.samples.batches())
    rows = []
    for path, measured in zip(study.checkpoints, study.others, strict=True):
        network = load_network(path).network
        assert isinstance(network, DepthNetwork)
        comparison = compare_with_neurobench(network, batch)
        rows.append({"network": measured.contender.name, **result_row(comparison)})
    return rows


def _signed(count: float) -> str:
    return "0" if count == 0 else f"{'+' if count > 0 else '-'}{millions(abs(count))}"

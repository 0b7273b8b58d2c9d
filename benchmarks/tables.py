"""Results as Markdown: `python -m benchmarks.tables RESULTS.json [--metric abs_rel]`."""

import json
from pathlib import Path
from typing import Any

from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line


def methods_by_scenario(summary: list[dict[str, Any]], metric: str, alignment: str = "none") -> str:
    """Table with a row per method and a column per scenario.

    Args:
        summary: Summary of a results file.
        metric: Which metric to show.
        alignment: Which alignment to show.

    Returns:
        Markdown; mean and, where there are several seeds, standard deviation.

    Raises:
        ValueError: When nothing has this metric and alignment.
    """
    entries = [e for e in summary if e["alignment"] == alignment and f"{metric}_mean" in e]
    if not entries:
        raise ValueError(f"no entry has metric {metric!r} with alignment {alignment!r}")
    scenarios = list(dict.fromkeys(e["scenario"] for e in entries))
    methods = list(dict.fromkeys(e["method"] for e in entries))
    cells = {(e["method"], e["scenario"]): format_entry(e, metric) for e in entries}
    lines = [
        f"| method | {' | '.join(scenarios)} |",
        f"|---|{'---|' * len(scenarios)}",
    ]
    for method in methods:
        values = (cells.get((method, scenario), "") for scenario in scenarios)
        lines.append(f"| {method} | {' | '.join(values)} |")
    return "\n".join(lines)


def format_entry(entry: dict[str, Any], metric: str) -> str:
    """Mean and standard deviation of one entry; the deviation where it says something."""
    mean, std = entry[f"{metric}_mean"], entry[f"{metric}_std"]
    return f"{mean:.3f} ± {std:.3f}" if std else f"{mean:.3f}"


def print_table(results: Path, *, metric: str = "abs_rel", alignment: str = "none") -> None:
    """Print a results file as a Markdown table.

    Args:
        results: Results file (*.json).
        metric: Which metric to show.
        alignment: Which alignment to show: none, median or scale_shift.
    """
    summary = json.loads(results.read_text())["summary"]
    print(methods_by_scenario(summary, metric, alignment))


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; None takes the process's own.
    """
    call_from_command_line(print_table, "python -m benchmarks.tables", arguments)


if __name__ == "__main__":
    exit_after(main)

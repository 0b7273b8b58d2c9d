"""Results as Markdown: `python -m benchmarks.tables RESULTS.json [--metric abs_rel]`."""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from snn_depth.command.exit import run_command
from snn_depth.command.table import Table
from snn_depth.evaluation.evaluation_table import ALIGNMENT_NOTES
from snn_depth.evaluation.results import CANONICAL_CAMERA, PLAYBACK_PREFIX

Entry = dict[str, Any]
Row = tuple[str, str]  # network and method
REFERENCES = ("source_only", "oracle")  # the ends of the gap
NETWORKS = {"none": "", "ann": "ANN", "snn": "SNN"}


def methods_by_scenario(summary: list[Entry], metric: str, alignment: str = "none") -> str:
    """Markdown table with a row per method and a column per scenario, out of a results' summary.

    Raises:
        ValueError: When nothing has this metric and alignment.
    """
    entries = select(summary, metric, alignment)
    scenarios = list(dict.fromkeys(e["scenario"] for e in entries))
    methods = list(dict.fromkeys(e["method"] for e in entries))
    cells = {(e["method"], e["scenario"]): format_entry(e, metric) for e in entries}
    rows = [[m, *(cells.get((m, scenario), "") for scenario in scenarios)] for m in methods]
    return Table("", ["method", *scenarios], rows).to_markdown()


def select(summary: list[Entry], metric: str, alignment: str) -> list[Entry]:
    """Entries with a metric and an alignment.

    Raises:
        ValueError: When there are none.
    """
    entries = [e for e in summary if e["alignment"] == alignment and f"{metric}_mean" in e]
    if not entries:
        raise ValueError(f"no entry has metric {metric!r} with alignment {alignment!r}")
    return entries


def format_entry(entry: Entry, metric: str) -> str:
    """Mean and standard deviation of one entry; the deviation where it says something."""
    mean, std = entry[f"{metric}_mean"], entry[f"{metric}_std"]
    if mean is None:
        return "undefined"
    return f"{mean:.3f} ± {std:.3f}" if std else f"{mean:.3f}"


def matrix_tables(
    summary: list[Entry], metric: str = "abs_rel", alignments: Sequence[str] = ("none", "median")
) -> str:
    """Markdown tables of the accuracy matrix: methods by test set, and ablations apart.

    One of each per alignment, under a line that says what it shows.

    Raises:
        ValueError: When nothing has this metric and one of the alignments.
    """
    parts = []
    for alignment in alignments:
        entries = select(summary, metric, alignment)
        num_seeds = max(e["num_seeds"] for e in entries)
        said = (
            f"{metric}, alignment: {alignment} ({ALIGNMENT_NOTES[alignment]}), mean ± standard "
            f"deviation, n = {num_seeds} {'seed' if num_seeds == 1 else 'seeds'} where a cell "
            "names no other n"
        )
        if metric == "abs_rel":
            said += "; in brackets the gap closed from source_only to oracle of the same network"
        methods = {e["method"] for e in entries}
        varied = {e["method"]: varied_method(e["method"], methods) for e in entries}
        ablations = [e for e in entries if varied[e["method"]]]
        plain = [e for e in entries if not varied[e["method"]]]
        if plain:
            parts += [f"{said}:", matrix_table(plain, metric, num_seeds)]
        if ablations:
            columns = {column_of(e) for e in ablations}
            networks = {e["network"] for e in ablations}
            beside = [
                e
                for e in plain
                if e["method"] in (*REFERENCES, *varied.values())
                and column_of(e) in columns
                and e["network"] in networks
            ]
            parts += [f"Ablations, {said}:", matrix_table(beside + ablations, metric, num_seeds)]
    return "\n\n".join(parts)


def matrix_table(entries: list[Entry], metric: str, num_seeds: int) -> str:
    """One table of the matrix: a row per network and method, a column per scenario and test set.

    Args:
        entries: Of one alignment.
        num_seeds: Number of seeds that cells need not name.
    """
    columns = sorted(set(map(column_of, entries)))  # rows come in the order in which they were made
    baselines = baseline_methods(entries)
    order = merged_order(
        [(e["network"], e["method"]) for e in entries if column_of(e) == column]
        for column in dict.fromkeys(map(column_of, entries))
    )
    # Baselines, then the twin, then the student.
    rows = sorted(order, key=lambda row: (row[1] not in baselines, list(NETWORKS).index(row[0])))
    cells = {
        (e["network"], e["method"], column_of(e)): matrix_cell(e, metric, num_seeds, baselines)
        for e in entries
    }
    return Table(
        "",
        ["network", "method", *columns],
        [
            [NETWORKS[network], method, *(cells.get((network, method, c), "") for c in columns)]
            for network, method in rows
        ],
    ).to_markdown()


def column_of(entry: Entry) -> str:
    """Heading of the column that an entry belongs to."""
    return f"{entry['scenario']}: {entry['test']}"


def baseline_methods(entries: Iterable[Entry]) -> set[str]:
    """Methods that are neither a student nor its twin: without a network, or one that reads RGB."""
    without = {e["method"] for e in entries if e["network"] == "none"}
    through_rgb = {e["method"] for e in entries if e["method"].startswith(PLAYBACK_PREFIX)}
    return without | through_rgb | {name.removeprefix(PLAYBACK_PREFIX) for name in through_rgb}


def varied_method(method: str, methods: Iterable[str]) -> str | None:
    """The method that an ablation varies: it is called as that one, and more."""
    if method.endswith(CANONICAL_CAMERA):
        return None
    return next((other for other in methods if method.startswith(f"{other}_")), None)


def merged_order(sequences: Iterable[Sequence[Row]]) -> list[Row]:
    """One order of the rows of several columns: a further row comes after those it follows."""
    order: list[Row] = []
    for sequence in sequences:
        position = 0
        for row in sequence:
            if row not in order:
                order.insert(position, row)
            position = order.index(row) + 1
    return order


def matrix_cell(entry: Entry, metric: str, num_seeds: int, baselines: Collection[str] = ()) -> str:
    """Mean, standard deviation, gap closed, and the number of seeds where it is another one."""
    text = format_entry(entry, metric)
    gap = entry["gap_closed"]
    notes = []
    if metric == "abs_rel" and gap is not None:
        if entry["method"] not in (*REFERENCES, *baselines):
            notes.append(f"{gap:.0%}")
    if entry["num_seeds"] != num_seeds:
        notes.append(f"n = {entry['num_seeds']}")
    return f"{text} ({', '.join(notes)})" if notes else text


def print_table(results: Path, *, metric: str = "abs_rel", alignment: str = "none") -> None:
    """Print a results file as a Markdown table.

    Args:
        results: Results file (*.json).
        metric: Which metric to show.
        alignment: Which alignment to show: none, median or scale_shift.
    """
    summary = json.loads(results.read_text())["summary"]
    if any("test" in entry for entry in summary):
        print(matrix_tables(summary, metric, [alignment]))
    else:
        print(methods_by_scenario(summary, metric, alignment))


if __name__ == "__main__":
    run_command(print_table)

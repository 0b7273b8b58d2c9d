"""Quality against energy of trained networks, and the verdict on every spiking one."""

import json
from pathlib import Path
from typing import Any

from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.numbers import short
from benchmarks.report.plots import Point, pareto_plot
from benchmarks.report.sections.claim_section import ACCEPTED_LOSS
from benchmarks.study.comparison import NOMINAL_REUSE, REUSE
from benchmarks.study.pareto_front import on_front
from snn_depth.command.table import Table


def pareto_section(results: Path) -> Section:
    """The front in results of `python -m benchmarks.pareto`, and what it says.

    Raises:
        ValueError: For a file that holds something else.
    """
    if not results.is_file():
        raise ValueError(f"{results} does not exist; make it with python -m benchmarks.pareto")
    stored = json.loads(results.read_text())
    if stored.get("name") != "pareto":
        raise ValueError(f"{results} holds {stored.get('name')!r}; accepted: results of pareto")
    summary = stored["summary"]
    if not all("potentials_uj_mean" in entry for entry in summary):
        raise ValueError(
            f"{results} is of an older version; make it again with python -m benchmarks.pareto"
        )
    best = on_front(summary)
    points = [
        Point(
            entry["name"],
            entry["network"],
            entry["energy_uj_mean"],
            entry["abs_rel_mean"],
            front,
        )
        for entry, front in zip(summary, best, strict=True)
    ]
    rows = [_row(entry, front) for entry, front in zip(summary, best, strict=True)]
    pairs = [entry for entry in summary if entry.get("energy_ratio_mean") is not None]
    num_seeds = max(entry["num_seeds"] for entry in summary)
    blocks: list[Text | Table | Picture] = [
        Picture(
            "pareto",
            pareto_plot(points, energy=f"memory-inclusive, reuse {NOMINAL_REUSE:g}"),
            "Trained networks: round spiking, square quantised twins. Dashed: the front.",
        ),
        Table(
            f"Trained networks, {num_seeds} seed(s)",
            [
                "network",
                "T",
                "width",
                "activation bits",
                "abs_rel",
                "energy, uJ",
                "operations per synapse",
                "SNN / counterpart",
                "5-95 %",
                "abs_rel to it",
                "front",
            ],
            rows,
            "Counterpart: the quantised twin of the same width with ceil(log2(T + 1)) bits. "
            f"Spiking networks as the chip's integers. From {results.name}, "
            f"{stored['date'][:10]}, commit {str(stored['commit'])[:8]}; "
            f"{summary[0]['num_samples']} samples, {summary[0]['samples']}.",
        ),
        Text(verdict(pairs), "verdict"),
    ]
    if pairs:
        blocks.append(_what_stands_in_the_way(pairs))
    data = {"source": stored["command"], "date": stored["date"], "summary": summary}
    return Section("pareto", "Quality against energy", blocks, data)


def verdict(pairs: list[dict[str, Any]]) -> str:
    """Whether any spiking network beats its counterpart; entries of those that have one."""
    if not pairs:
        return "No spiking network has its counterpart among them: no verdict."
    fair = [p for p in pairs if p["abs_rel_difference_mean"] <= ACCEPTED_LOSS]
    winners = [p for p in fair if p["energy_ratio_mean"] < 1]
    if winners:
        best = min(winners, key=lambda p: float(p["energy_ratio_mean"]))
        sure = best["energy_ratio_high_mean"] < 1
        return (
            f"{best['name']} takes {short(best['energy_ratio_mean'], 2)} times the energy of "
            f"{best['counterpart']} (5-95 % {short(best['energy_ratio_low_mean'], 2)} to "
            f"{short(best['energy_ratio_high_mean'], 2)}"
            f"{'' if sure else ': the constants leave it open'}) at "
            f"{best['abs_rel_difference_mean']:+.1%} abs_rel."
        )
    nearest = min(fair or pairs, key=lambda p: float(p["energy_ratio_mean"]))
    return (
        f"No spiking network needs less energy than its counterpart at no more than "
        f"{ACCEPTED_LOSS:.0%} worse abs_rel. Nearest: {nearest['name']}, "
        f"{short(nearest['energy_ratio_mean'], 2)} times the energy at "
        f"{nearest['abs_rel_difference_mean']:+.1%} abs_rel."
    )


def _what_stands_in_the_way(pairs: list[dict[str, Any]]) -> Table:
    """The terms of every spiking network beside its counterpart's energy."""
    terms = ("potentials", "weights", "operations")
    rows = []
    for entry in pairs:
        energy_uj = entry["energy_uj_mean"]
        theirs_uj = energy_uj / entry["energy_ratio_nominal_mean"]
        shown = [entry[f"{term}_uj_mean"] for term in terms]
        rows.append(
            [
                entry["name"],
                *(short(amount) for amount in shown),
                short(energy_uj - sum(shown)),
                short(entry["macs_mean"] / entry["synops_mean"] * 100, 2) + " %",
                short(theirs_uj),
                *(short(entry[f"energy_ratio_rho_1_reuse_{r:g}_mean"]) for r in REUSE),
                *(short(entry[f"energy_ratio_rho_0_reuse_{r:g}_mean"]) for r in REUSE),
            ]
        )
    return Table(
        "What stands in the way: uJ per inference by term, at nominal constants",
        [
            "network",
            *terms,
            "all else",
            "operations on graded input",
            "counterpart",
            *(f"ratio, reuse {reuse:g}" for reuse in REUSE),
            *(f"in registers, {reuse:g}" for reuse in REUSE),
        ],
        rows,
        "Potentials: a membrane is read and written for every synaptic operation, and for every "
        "update. The conventional machine keeps its partial sums in registers; the last columns "
        "are the ratios if the spiking one could keep the sums of a step there too.",
    )


def _row(entry: dict[str, Any], front: bool) -> list[str]:
    has_pair = entry.get("energy_ratio_mean") is not None
    return [
        entry["name"],
        str(entry["num_steps"]),
        str(entry["width"]),
        str(entry["activation_bits"]),
        short(entry["abs_rel_mean"]),
        short(entry["energy_uj_mean"]),
        short(entry["synops_per_synapse_mean"]),
        short(entry["energy_ratio_mean"]) if has_pair else "",
        f"{short(entry['energy_ratio_low_mean'], 2)} to {short(entry['energy_ratio_high_mean'], 2)}"
        if has_pair
        else "",
        f"{entry['abs_rel_difference_mean']:+.1%}" if has_pair else "",
        "yes" if front else "",
    ]

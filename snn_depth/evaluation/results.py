"""Results files: figures with everything needed to trust and repeat them."""

import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from snn_depth.files.atomic import atomic_path

# Ends the name of the second row of a stage that is scored on pictures as they are, too.
CANONICAL_CAMERA = "_canonical_camera"
PLAYBACK_PREFIX = "playback_to_"  # of an RGB network that is given reconstructed pictures
SCHEMA_VERSION = 1
NO_RESULTS = ":(top,exclude)benchmarks/results"
PER_RUN = ("seed", "metrics", "train_seconds", "machine", "commit")


def write_results(path: Path | str, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows, their summary over seeds, and how they came about, completely or not at all.

    A row is one run: `metrics` (name -> number), `seed`, and the keys that tell it from other
    runs, such as `scenario`, `method` and `network`.

    Raises:
        OSError: When the file cannot be written.
    """
    results = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "command": command_line(),
        "commit": current_commit(),
        "date": current_date(),
        "machine": describe_machine(),
        "rows": list(rows),
        "summary": summarize(rows),
    }
    with atomic_path(path) as temporary:
        # NaN and infinity are no JSON.
        temporary.write_text(json.dumps(finite(results), indent=2, allow_nan=False) + "\n")


def summarize(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and spread over the rows that differ in nothing but what belongs to a run.

    That is `seed`, `metrics`, and where and how it was trained: `train_seconds`, `machine`,
    `commit`.

    Returns:
        One entry per group in order of appearance: its keys, `num_seeds`, and for each metric
        `<metric>_mean` and `<metric>_std`, the sample standard deviation (None for one row; both
        None where a row has no number). Entries that name their network and method also have
        `gap_closed`, entries of timed runs `train_seconds_max`.
    """
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        keys = {k: v for k, v in row.items() if k not in PER_RUN}
        groups[json.dumps(keys, sort_keys=True)].append(row)
    summary = []
    for group in groups.values():
        entry = {k: v for k, v in group[0].items() if k not in PER_RUN}
        entry["num_seeds"] = len(group)
        seconds = [s for row in group if (s := row.get("train_seconds")) is not None]
        if seconds:
            entry["train_seconds_max"] = max(seconds)
        for metric in group[0]["metrics"]:
            values = [row["metrics"][metric] for row in group if metric in row["metrics"]]
            known = None not in values
            entry[f"{metric}_mean"] = statistics.fmean(values) if known else None
            entry[f"{metric}_std"] = statistics.stdev(values) if known and len(values) > 1 else None
        summary.append(entry)
    errors = [
        {row.get("seed"): row["metrics"].get("abs_rel") for row in g} for g in groups.values()
    ]
    add_gap_closed(summary, errors)
    return summary


def add_gap_closed(
    summary: Sequence[dict[str, Any]], errors: Sequence[dict[Any, float | None]]
) -> None:
    """Give every entry with a network and a method its `gap_closed`.

    It is the share (source_only - x) / (source_only - oracle) in mean abs_rel, between the two
    methods of these names on the same test and network, over the seeds that all three have. Where
    there are none, one of the methods is missing or ambiguous, or the oracle is no better than
    source-only, it is None. `errors` holds the abs_rel of every entry by seed.
    """

    def comparable(entry: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(entry.get(key) for key in ("scenario", "test", "network", "alignment"))

    found: dict[tuple[Any, ...], list[dict[Any, float | None]]] = defaultdict(list)
    entries = [
        (entry, by_seed)
        for entry, by_seed in zip(summary, errors, strict=True)
        if {"network", "method", "abs_rel_mean"} <= entry.keys()
    ]
    for entry, by_seed in entries:
        found[*comparable(entry), entry["method"]].append(by_seed)
    for entry, by_seed in entries:
        ends = [found[*comparable(entry), method] for method in ("source_only", "oracle")]
        entry["gap_closed"] = None
        if all(len(end) == 1 for end in ends):
            compared = [by_seed, *(end[0] for end in ends)]
            seeds = set.intersection(*map(set, compared))
            known = [[e for s in seeds if (e := by_seed[s]) is not None] for by_seed in compared]
            if seeds and all(len(values) == len(seeds) for values in known):
                error, source_only, oracle = map(statistics.fmean, known)
                entry["gap_closed"] = gap_closed(error, source_only, oracle)


def gap_closed(error: float, source_only: float | None, oracle: float | None) -> float | None:
    """How much of the way from a source-only network to one with target labels is done.

    1 where the error is the oracle's, 0 for no gain; None where there is no gap to close.
    """
    if source_only is None or oracle is None or not source_only > oracle:
        return None
    return (source_only - error) / (source_only - oracle)


def command_line() -> str:
    """The command that runs now, with `python -m package.module` restored."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    program = ["python", "-m", spec.name.removesuffix(".__main__")] if spec else sys.argv[:1]
    return shlex.join([*program, *sys.argv[1:]])


def current_date() -> str:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def current_commit() -> str | None:
    """Commit of the code that runs, with `-dirty` for uncommitted changes; None outside git.

    Results do not count as changes: a file of them grows while the code stays.
    """

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changes = git("status", "--porcelain", "--untracked-files=no", "--", ":/", NO_RESULTS)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}-dirty" if changes else commit


def describe_machine() -> dict[str, Any]:
    """Processor, accelerator and versions that a figure depends on."""
    return {
        "system": platform.platform(),
        "processor": _processor_name(),
        "num_cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def machine_in_short() -> str:
    """The same in one line, for rows that come from several machines."""
    machine = describe_machine()
    processor = f"{machine['processor']}, {machine['num_cpus']} CPUs"
    return ", ".join(filter(None, [machine["gpu"], processor, f"torch {machine['torch']}"]))


def _processor_name() -> str:
    """Model name; `platform` knows only the architecture on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def finite(value: Any) -> Any:
    """The same structure with None in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

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

from snn_depth.atomic import atomic_path

SCHEMA_VERSION = 1


def write_results(path: Path | str, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows, their summary over seeds, and how they came about, completely or not at all.

    Args:
        path: Target `*.json`.
        name: Name of the experiment.
        rows: One per run: `metrics` (name -> number), `seed`, and the keys that tell it from
            other runs, such as `scenario`, `method` and `network`.

    Raises:
        OSError: When the file cannot be written.
    """
    results = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "command": command_line(),
        "commit": current_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "rows": list(rows),
        "summary": summarize(rows),
    }
    with atomic_path(path) as temporary:
        # NaN and infinity are no JSON.
        temporary.write_text(json.dumps(_finite(results), indent=2, allow_nan=False) + "\n")


def summarize(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and spread over the rows that differ in nothing but `seed` and `metrics`.

    Args:
        rows: As in `write_results`.

    Returns:
        One entry per group in order of appearance: its keys, `num_seeds`, and for each metric
        `<metric>_mean` and `<metric>_std`, the sample standard deviation (None for one row).
    """
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        keys = {k: v for k, v in row.items() if k not in {"seed", "metrics"}}
        groups[json.dumps(keys, sort_keys=True)].append(row)
    summary = []
    for group in groups.values():
        entry = {k: v for k, v in group[0].items() if k not in {"seed", "metrics"}}
        entry["num_seeds"] = len(group)
        for metric in group[0]["metrics"]:
            values = [row["metrics"][metric] for row in group if metric in row["metrics"]]
            entry[f"{metric}_mean"] = statistics.fmean(values)
            entry[f"{metric}_std"] = statistics.stdev(values) if len(values) > 1 else None
        summary.append(entry)
    return summary


def command_line() -> str:
    """The command that runs now, with `python -m package.module` restored."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    program = ["python", "-m", spec.name.removesuffix(".__main__")] if spec else sys.argv[:1]
    return shlex.join([*program, *sys.argv[1:]])


def current_commit() -> str | None:
    """Commit of the code that runs, with `-dirty` for uncommitted changes; None outside git."""
    describe = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(
            describe, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


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


def _processor_name() -> str:
    """Model name; `platform` knows only the architecture on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _finite(value: Any) -> Any:
    """The same structure with None in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

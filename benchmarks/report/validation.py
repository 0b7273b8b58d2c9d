"""How far the models are from the one measurement of a chip that is public."""

import json
from pathlib import Path
from typing import Any

from benchmarks.pilotnet import RESULTS, as_row, validate
from benchmarks.report.document import Section, Table, Text
from benchmarks.report.numbers import short
from benchmarks.report.part import Part
from hardware.published_run import PILOTNET_LIF


def validation_part(pilotnet: Path | None) -> Part:
    """Residuals of all sets of constants.

    Args:
        pilotnet: Folder of Intel's network and spikes; None for the stored residuals.

    Raises:
        ValueError: For a folder that lacks a file.
    """
    if pilotnet is not None:
        return as_part(as_row(validate(pilotnet)), "counted for this report")
    stored = json.loads(RESULTS.read_text())
    row = stored["rows"][0]
    return as_part(row, f"stored on {stored['date'][:10]}; --pilotnet DIR counts again")


def as_part(row: dict[str, Any], origin: str) -> Part:
    """The part.

    Args:
        row: Of `benchmarks.pilotnet.as_row`.
        origin: Where it is from.
    """
    run = PILOTNET_LIF
    rows = []
    for residual in row["residuals"]:
        ends = residual["interval_uj"]
        rows.append(
            [
                residual["title"],
                short(residual["predicted_uj"]),
                f"{short(ends['low'])} to {short(ends['high'])}",
                f"{residual['residual']:+.1%}",
                "inside" if residual["measured_is_inside"] else "outside",
                residual["caveat"],
            ]
        )
    low, high = row["step_us"]
    inside = "inside" if row["step_is_inside"] else "outside"
    cores = list(row["cores"])
    num_convolutions = 6  # the input layer and five convolutions; dense layers follow
    blocks: list[Text | Table] = [
        Text(
            f"{run.name} on {run.chip}: measured {run.dynamic_uj} uJ dynamic and "
            f"{run.total_uj} uJ in all per step, {run.step_us} us per step ({run.source}). "
            f"Workload of {run.num_steps} steps, {origin}: {row['num_synops']:,} synaptic "
            f"operations, {row['num_spikes']:,} spikes, {row['num_updates']:,} updates."
        ),
        Table(
            f"Dynamic energy per step, uJ; measured {run.dynamic_uj}",
            ["constants", "predicted", "5-95 %", "residual", "the measurement is", "caveat"],
            rows,
            f"Caveats: {run.caveat}.",
        ),
        Text(
            f"Step time: bracket {short(low)} to {short(high)} us; the measured {run.step_us} us "
            f"lies {inside}."
        ),
        Text(
            f"Cores: input and convolutions {_cores(cores[:num_convolutions])}, as Intel's "
            f"compiler has it ({_cores(run.cores[:num_convolutions])}). Dense layers "
            f"{_cores(cores[num_convolutions:])}; Intel's "
            f"{_cores(run.cores[num_convolutions:])}: its compiler splits them by a limit that "
            "is not documented."
        ),
    ]
    data = {**row, "origin": origin, "published": vars(run)}
    return Part("validation", Section("Validation", blocks), data)


def _cores(cores: Any) -> str:
    return f"{'/'.join(map(str, cores))} = {sum(cores)}"

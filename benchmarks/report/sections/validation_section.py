"""How far the models are from the one measurement of a chip that is public."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.chip.pilotnet_run import PilotNetRun, count_pilotnet, residuals, stored_run
from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from hardware.energy.published_run import PILOTNET_LIF
from snn_depth.command.table import Table

_NUM_CONVOLUTIONS = 6  # the input layer and five convolutions; dense layers follow


def validation_section(pilotnet: Path | None) -> Section:
    """Residuals of all models at the constants of today.

    Args:
        pilotnet: Folder of Intel's network and spikes; None for the stored counts.
    """
    if pilotnet is not None:
        return section_of_run(count_pilotnet(pilotnet), "counted for this report")
    run, date = stored_run()
    return section_of_run(run, f"counted on {date}; --pilotnet DIR counts again")


def section_of_run(run: PilotNetRun, origin: str) -> Section:
    """Residuals of a run; `origin` says where its counts are from."""
    published = PILOTNET_LIF
    found = residuals(run)
    rows = [
        [
            residual.title,
            short(residual.predicted_uj),
            f"{short(residual.interval_uj.low)} to {short(residual.interval_uj.high)}",
            f"{residual.residual:+.0%}",
            "inside" if residual.measured_is_inside else "outside",
            residual.caveat,
        ]
        for residual in found
    ]
    counts = run.counts
    synops, spikes = int(counts.synops_B.sum()), int(counts.spikes_B.sum())
    updates = counts.num_updates(pipelined=True)
    low_us, high_us = run.step_us
    inside = low_us <= published.step_us <= high_us
    ends = [f"{us / published.step_us - 1:+.0%}" for us in run.step_us]
    convolutions, dense = run.cores[:_NUM_CONVOLUTIONS], run.cores[_NUM_CONVOLUTIONS:]
    blocks: list[Text | Table] = [
        Text(
            f"{published.name} on {published.chip}: measured {published.dynamic_uj} uJ dynamic "
            f"and {published.total_uj} uJ in all per step, {published.step_us} us per step "
            f"({published.source}). Workload of {published.num_steps} steps, {origin}: "
            f"{synops:,} synaptic operations, {spikes:,} spikes, {updates:,} updates."
        ),
        Table(
            f"Dynamic energy per step, uJ; measured {published.dynamic_uj}",
            ["model", "predicted", "5-95 %", "residual", "the measurement is", "caveat"],
            rows,
            f"Caveats: {published.caveat}. Models A and B are of other machines than the chip: "
            "they cannot agree, and how far they are off says what their ratios are worth.",
        ),
        Text(
            f"Step time: bracket {short(low_us)} to {short(high_us)} us ({ends[0]} and {ends[1]}); "
            f"the measured {published.step_us} us lies {'inside' if inside else 'outside'}."
        ),
        Text(
            f"Cores: input and convolutions {_cores(convolutions)}, as Intel's compiler has it "
            f"({_cores(published.cores[:_NUM_CONVOLUTIONS])}). Dense layers {_cores(dense)}; "
            f"Intel's {_cores(published.cores[_NUM_CONVOLUTIONS:])}: its compiler splits them by a "
            "limit that is not documented."
        ),
    ]
    data = {
        "origin": origin,
        "num_synops": synops,
        "num_spikes": spikes,
        "num_updates": updates,
        "cores": list(run.cores),
        "step_us": list(run.step_us),
        "step_is_inside": inside,
        "residuals": [asdict(residual) for residual in found],
        "published": asdict(published),
    }
    return Section("validation", "Validation", blocks, data)


def _cores(cores: Any) -> str:
    return f"{'/'.join(map(str, cores))} = {sum(cores)}"

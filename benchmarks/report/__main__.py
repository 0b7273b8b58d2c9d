"""What a spiking network costs on the chip, and its twin: `python -m benchmarks.report`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.pareto import RESULTS as PARETO
from benchmarks.report.claim import claim_part
from benchmarks.report.constants import constants_part
from benchmarks.report.document import Picture, Text
from benchmarks.report.energy import energy_part
from benchmarks.report.latency import latency_part
from benchmarks.report.layers import layers_part
from benchmarks.report.limits import limits_part
from benchmarks.report.mapping import mapping_part
from benchmarks.report.markdown import as_markdown
from benchmarks.report.measured import measured_part
from benchmarks.report.neurobench import neurobench_part
from benchmarks.report.operations import operations_part
from benchmarks.report.page import as_html
from benchmarks.report.pareto import pareto_part
from benchmarks.report.part import Part
from benchmarks.report.quality import quality_part
from benchmarks.report.sweeps import sweeps_part
from benchmarks.report.validation import validation_part
from benchmarks.study.provenance import provenance_part
from benchmarks.study.study import make_study
from snn_depth.command.exit import run_command
from snn_depth.files.atomic import atomic_path
from snn_depth.training.checkpoint import SHIPPED_NETWORK

SCHEMA_VERSION = 1
TITLE = "Energy and latency of a spiking depth network"
WEIGHTS = SHIPPED_NETWORK.parent
COMPARED_NETWORKS = tuple(
    WEIGHTS / f"{name}.safetensors" for name in ("twin", "twin_8_bit", "twin_4_bit", "rgb_teacher")
)


def report(
    *,
    output: Path,
    artifact: Path = WEIGHTS / "student.h5",
    networks: Sequence[Path] = COMPARED_NETWORKS,
    data: Sequence[Path] = (),
    chip: str = "loihi2",
    max_samples: int = 160,
    window_s: float = 1.0,
    pilotnet: Path | None = None,
    pareto: Path = PARETO,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Compare a converted spiking network with conventional ones: quality, energy, latency.

    Args:
        output: Folder to write report.html, report.md, report.json and the pictures into.
        artifact: Converted network (*.h5), of conversion.to_lava; by default the shipped one.
        networks: Conventional networks (*.safetensors): the ANN twin, its quantised forms, an RGB
            teacher; by default those that are shipped. The fair counterpart is the one with
            ceil(log2(T + 1)) activation bits.
        data: Recordings (*.h5) with depth, or folders of them; by default the test scenes of the
            synthetic world.
        chip: loihi1, loihi2, or a description of your own (*.toml).
        max_samples: Samples at most, spread over all that there are.
        window_s: Seconds of each of the five windows in which latency on this machine is measured,
            per network; 10 for figures to be published, 0 for none.
        pilotnet: Folder of Intel's PilotNet-LIF network and spikes, to validate the models on; by
            default the stored residuals are quoted.
        pareto: Results of benchmarks.pareto (*.json).
        cache_dir: Where recordings of the synthetic world are kept.
    """
    if window_s < 0:
        raise ValueError(f"window_s is {window_s}; accepted: 0 or more seconds")
    validation = validation_part(pilotnet)  # before hours of work: its folder may be wrong
    front = pareto_part(pareto)
    study = make_study(
        artifact, networks, data, chip=chip, max_samples=max_samples, cache_dir=cache_dir
    )
    parts = [
        claim_part(study),
        provenance_part(study, datetime.now(UTC).isoformat(timespec="seconds")),
        quality_part(study),
        operations_part(study),
        neurobench_part(study),
        layers_part(study),
        energy_part(study),
        measured_part(study, window_s),
        latency_part(study),
        mapping_part(study),
        sweeps_part(study),
        front,
        validation,
        constants_part(study),
        limits_part(),
    ]
    write_report(output, parts)
    console = Console()
    for block in parts[0].section.blocks:
        if isinstance(block, Text):
            console.print(block.text)
    console.print(f"report: {output / 'report.html'}")


def write_report(output: Path, parts: Sequence[Part]) -> None:
    """Write all forms of a report; each file completely or not at all.

    Args:
        output: Folder; made if there is none.
        parts: In order.

    Raises:
        OSError: When a file cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    sections = [part.section for part in parts]
    texts = {
        "report.html": as_html(TITLE, sections),
        "report.md": as_markdown(TITLE, sections),
        "report.json": json.dumps(as_json(parts), indent=2, allow_nan=False) + "\n",
    }
    texts |= {
        f"{block.name}.svg": block.svg
        for section in sections
        for block in section.blocks
        if isinstance(block, Picture)
    }
    for name, text in texts.items():
        with atomic_path(output / name) as temporary:
            temporary.write_text(text)


def as_json(parts: Sequence[Part]) -> dict[str, Any]:
    """The data of all parts.

    Args:
        parts: In order.
    """
    return {"schema_version": SCHEMA_VERSION, "name": "energy_report"} | {
        part.key: part.data for part in parts
    }


if __name__ == "__main__":
    run_command(report)

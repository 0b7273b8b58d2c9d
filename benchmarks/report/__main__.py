"""What a spiking network costs on the chip, and its twin: `python -m benchmarks.report`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jsonargparse.typing import NonNegativeFloat
from rich.console import Console

from benchmarks.pareto import RESULTS as PARETO
from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.markdown import as_markdown
from benchmarks.report.page import as_html
from benchmarks.report.sections.claim_section import claim_section
from benchmarks.report.sections.constants_section import constants_section
from benchmarks.report.sections.energy_section import energy_section
from benchmarks.report.sections.latency_section import latency_section
from benchmarks.report.sections.layers_section import layers_section
from benchmarks.report.sections.limits_section import limits_section
from benchmarks.report.sections.mapping_section import mapping_section
from benchmarks.report.sections.measured_section import measured_section
from benchmarks.report.sections.neurobench_section import neurobench_section
from benchmarks.report.sections.operations_section import operations_section
from benchmarks.report.sections.pareto_section import pareto_section
from benchmarks.report.sections.provenance_section import provenance_section
from benchmarks.report.sections.quality_section import quality_section
from benchmarks.report.sections.sweeps_section import sweeps_section
from benchmarks.report.sections.validation_section import validation_section
from benchmarks.study.comparison import compare_networks
from snn_depth.command.exit import run_command
from snn_depth.files.atomic import atomic_path
from snn_depth.files.stored_network import SHIPPED_NETWORK

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
    window_s: NonNegativeFloat = 1.0,
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
    validation = validation_section(pilotnet)  # before hours of work: its folder may be wrong
    front = pareto_section(pareto)
    comparison = compare_networks(
        artifact, networks, data, chip=chip, max_samples=max_samples, cache_dir=cache_dir
    )
    sections = [
        claim_section(comparison),
        provenance_section(comparison, datetime.now(UTC).isoformat(timespec="seconds")),
        quality_section(comparison),
        operations_section(comparison),
        neurobench_section(comparison),
        layers_section(comparison),
        energy_section(comparison),
        measured_section(comparison, window_s),
        latency_section(comparison),
        mapping_section(comparison),
        sweeps_section(comparison),
        front,
        validation,
        constants_section(comparison),
        limits_section(),
    ]
    write_report(output, sections)
    console = Console()
    for block in sections[0].blocks:
        if isinstance(block, Text):
            console.print(block.text)
    console.print(f"report: {output / 'report.html'}")


def write_report(output: Path, sections: Sequence[Section]) -> None:
    """Write all forms of a report into a folder; each file completely or not at all."""
    output.mkdir(parents=True, exist_ok=True)
    data = {"schema_version": SCHEMA_VERSION, "name": "energy_report"}
    data |= {section.key: section.data for section in sections}
    texts = {
        "report.html": as_html(TITLE, sections),
        "report.md": as_markdown(TITLE, sections),
        "report.json": json.dumps(data, indent=2, allow_nan=False) + "\n",
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


if __name__ == "__main__":
    run_command(report)

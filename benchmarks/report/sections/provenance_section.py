"""Where a report comes from, in so much detail that it can be made again."""

import importlib.metadata
from pathlib import Path
from typing import Any

from benchmarks.operations.operation_audit import OperationAudit
from benchmarks.report.document import Section, Text
from benchmarks.study.comparison import Comparison
from hardware.energy.constant import FOLDER as CONSTANTS
from snn_depth.command.table import Table
from snn_depth.evaluation.results import command_line, current_commit, describe_machine
from snn_depth.files.digest import file_sha256, folder_sha256
from snn_depth.training.checkpoint import load_network

PACKAGES = ("torch", "numpy", "h5py", "neurobench")


def provenance_section(comparison: Comparison, date: str) -> Section:
    """Digests, versions, and the proof that no operation is left out."""
    spec, chip_file = comparison.spec, comparison.chip_path
    training = comparison.artifact.provenance.get("checkpoint_provenance", {})
    data: dict[str, Any] = {
        "date": date,
        "command": command_line(),
        "commit": current_commit(),
        "machine": describe_machine(),
        "artifact": {
            "path": str(comparison.artifact_path),
            "sha256": file_sha256(comparison.artifact_path),
            "seed": training.get("seed"),
        },
        "checkpoint_sha256": comparison.artifact.provenance.get("checkpoint_sha256"),
        "networks": [
            {
                "name": m.network.name,
                "path": str(path),
                "sha256": file_sha256(path),
                "seed": load_network(path).provenance.get("seed"),
            }
            for path, m in zip(comparison.checkpoints, comparison.others, strict=True)
        ],
        "samples": {
            "description": comparison.samples.description,
            "number": len(comparison.samples),
            "scenes": comparison.samples.num_scenes,
            "sha256": comparison.samples.sha256,
        },
        "num_steps": spec.num_bins,
        "num_frames": spec.num_frames,
        "sample_rate_hz": comparison.sample_rate_hz,
        "weight_bits": comparison.snn.network.weight_bits,
        "constants_sha256": folder_sha256(CONSTANTS, "*.toml"),
        "chip_sha256": file_sha256(chip_file),
        "versions": {name: version(name) for name in PACKAGES},
        "uncounted_operations": 0,
        "audits": {name: _audit(audit) for name, audit in comparison.audits.items()},
    }
    rows = [
        ["date", date],
        ["commit", str(data["commit"])],
        ["command", data["command"]],
        ["artifact", _file(data["artifact"])],
        *([m["name"], _file(m)] for m in data["networks"]),
        ["samples", f"{comparison.samples.description}; sha256 {comparison.samples.sha256[:16]}"],
        [
            "window",
            f"{spec.num_frames} frames in T = {spec.num_bins} steps; "
            f"{'spikes' if comparison.graph.binary_inputs else 'graded counts'} as input",
        ],
        ["precision", f"{comparison.snn.network.weight_bits}-bit weights, integers of the chip"],
        ["chip", f"{comparison.chip.title} ({chip_file.name}, sha256 {data['chip_sha256'][:16]})"],
        ["constants", f"hardware/constants, sha256 {data['constants_sha256'][:16]}"],
        ["machine", f"{data['machine']['processor']}, {data['machine']['num_cpus']} CPUs"],
        ["versions", ", ".join(f"{name} {v}" for name, v in data["versions"].items())],
    ]
    blocks: list[Text | Table] = [
        Table("What this report was made of", ["what", "which"], rows),
        Text(
            "0 operations uncounted. The converted network has no others than those of its edges "
            "and neurons, and an edge of an unknown kind is an error. Every operation that torch "
            "executed in the other networks was sorted into synapses, neurons, decoding off the "
            "chip, or moving data, and an operation without a place is an error; the sums of the "
            "synapses were computed again and are the currents of the neurons. " + _host(comparison)
        ),
    ]
    return Section("provenance", "Provenance", blocks, data)


def version(package: str) -> str:
    """Of an installed package; "not installed" for none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _file(entry: dict[str, Any]) -> str:
    seed = "no seed noted" if entry["seed"] is None else f"trained with seed {entry['seed']}"
    return f"{Path(entry['path']).name}, sha256 {entry['sha256'][:16]}, {seed}"


def _audit(audit: OperationAudit) -> dict[str, Any]:
    return {
        "num_projections": audit.num_projections,
        "operations": [vars(operation) for operation in audit.operations],
    }


def _host(comparison: Comparison) -> str:
    text = "Decoding the readout to depth happens off the chip, in all networks alike"
    if not comparison.audits:
        return f"{text}, and is not priced."
    elements = max(audit.elements_per_sample("host") for audit in comparison.audits.values())
    return (
        f"{text}. What torch did there, decoding and, for conventional networks, summing the bins, "
        f"is at most {elements:,.0f} numbers per sample; decoding is not priced, and sums are "
        "priced as binning: one addition per spike."
    )

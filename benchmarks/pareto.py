"""Quality against energy of many trained networks: `python -m benchmarks.pareto CHECKPOINT ...`.

Spiking networks of several numbers of steps and widths, and quantised twins that can say as much:
`configs/pareto.yaml` trains them. Every spiking network is converted to the chip's integers first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.pareto_front import on_front
from benchmarks.report.energy import RHO, mean_energy, memory_energy
from benchmarks.study.artifact_run import ArtifactNetwork
from benchmarks.study.contender import (
    METRICS,
    Measured,
    artifact_contender,
    measure,
    torch_contender,
)
from benchmarks.study.samples import Samples, read_samples
from benchmarks.study.study import REUSE, conventional_machine, spiking_machine
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.student.extract import extract_graph
from hardware.cores.chip import load_chip
from hardware.cores.mapping import map_network
from hardware.energy.constant import Values, load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_comparison import energy_ratio
from hardware.energy.operation_energy import bits_to_count
from snn_depth.command.exit import run_command
from snn_depth.command.table import Table, number_columns
from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.results import summarize, write_results
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet
from snn_depth.training.checkpoint import LoadedNetwork, load_network

RESULTS = Path(__file__).parent / "results" / "pareto.json"
WEIGHT_BITS = 8


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trained network, measured.

    Attributes:
        loaded: From its checkpoint.
        measured: The network, or what the chip makes of it.
        machine: What it is priced on.
    """

    loaded: LoadedNetwork
    measured: Measured
    machine: SnnMachine | AnnMachine

    @property
    def width(self) -> int:
        """Channels of the stem."""
        return int(self.loaded.network.init_args["width"])

    @property
    def is_spiking(self) -> bool:
        """Whether it fires."""
        return isinstance(self.machine, SnnMachine)


def pareto(
    *,
    checkpoints: Sequence[Path],
    output: Path = RESULTS,
    data: Sequence[Path] = (),
    max_samples: int = 160,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Measure trained networks, and compare every spiking one with its fair counterpart.

    Args:
        checkpoints: Spiking networks and quantised twins (*.safetensors).
        output: Results to write (*.json); the report shows them.
        data: Recordings (*.h5) with depth, or folders of them; by default the test scenes of the
            synthetic world.
        max_samples: Samples at most.
        cache_dir: Where recordings of the synthetic world are kept.
    """
    if not checkpoints:
        raise ValueError("no checkpoints are given; accepted: one or more *.safetensors")
    samples: dict[DataSpec, Samples] = {}
    candidates = []
    for path in checkpoints:
        loaded = load_network(path)
        if loaded.data not in samples:
            samples[loaded.data] = read_samples(data, loaded.data, max_samples, cache_dir)
        candidates.append(measure_candidate(path, loaded, samples[loaded.data]))
    rows = [
        as_row(candidate, candidates)
        | {
            "samples": samples[candidate.loaded.data].description,
            "num_samples": len(samples[candidate.loaded.data]),
        }
        for candidate in candidates
    ]
    write_results(output, "pareto", rows)
    console = Console()
    console.print(pareto_table(summarize(rows)).to_rich())
    console.print(f"results: {output}")


def measure_candidate(path: Path, loaded: LoadedNetwork, samples: Samples) -> Candidate:
    """Run a network on the samples.

    Args:
        path: Its checkpoint.
        loaded: What is in it.
        samples: Windows with as many steps as it was trained for.

    Raises:
        ValueError: For a network that is neither spiking nor quantised.
    """
    network, spec = loaded.network, loaded.data
    name = str(loaded.provenance.get("stage", path.stem))
    if isinstance(network, SpikingDepthNet):
        frames_per_bin = spec.num_frames // spec.num_bins
        graph = balance_with_delays(extract_graph(network, spec.height, spec.width))
        integers = quantize_graph(graph, num_weight_bits=WEIGHT_BITS, largest_input=frames_per_bin)
        on_chip = ArtifactNetwork(integers, spec, network.depth_range, frames_per_bin > 1)
        core_map = map_network(integers, load_chip("loihi2"), graded_input=frames_per_bin > 1)
        machine = spiking_machine(spec, WEIGHT_BITS, core_map)
        contender = artifact_contender(name, on_chip, WEIGHT_BITS)
        return Candidate(loaded, measure(contender, samples), machine)
    if not isinstance(network, DepthNetwork):
        raise ValueError(f"{path} holds a {type(network).__name__}, which cannot be counted")
    measured = measure(torch_contender(name, network), samples)
    if not measured.is_quantized or network.input_key != "spikes":
        raise ValueError(
            f"{path} holds a floating-point {type(network).__name__}; accepted: SpikingDepthNet "
            "and QuantizedAnnDepthNet, whose energy can be compared"
        )
    return Candidate(loaded, measured, conventional_machine(spec, measured.contender))


def fair_counterpart(candidate: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    """The quantised twin of the same width that can say as much as a spiking network's steps.

    Args:
        candidate: A spiking network.
        candidates: All networks.

    Returns:
        Of the same seed; None where there is none.
    """
    bits = bits_to_count(candidate.measured.counts.num_steps)
    seed = candidate.loaded.provenance.get("seed")
    for other in candidates:
        if (
            not other.is_spiking
            and other.measured.contender.activation_bits == bits
            and other.width == candidate.width
            and other.loaded.provenance.get("seed") == seed
        ):
            return other
    return None


def as_row(candidate: Candidate, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """The network as it stands in a results file.

    Args:
        candidate: The network.
        candidates: All networks, among them its counterpart.
    """
    measured, constants = candidate.measured, load_constants("nm45")
    counts = measured.counts
    energy = memory_energy(measured, candidate.machine, constants.values)
    metrics: dict[str, float | None] = {
        **{metric: float(np.mean(measured.scores_B[metric])) for metric in METRICS},
        "energy_uj": float(energy.total_pj.mean()) / 1e6,
        **{f"{term}_uj": float(pj.mean()) / 1e6 for term, pj in energy.terms_pj.items()},
        "synops": float(counts.synops_B.mean()),
        "macs": float(counts.macs_B.mean()),
        "dense": float(counts.num_synapses * counts.num_steps),
        "updates": float(counts.num_updates(pipelined=True)),
        "synops_per_synapse": float(counts.synops_B.mean()) / counts.num_synapses,
    }
    if isinstance(candidate.machine, AnnMachine):
        for reuse in REUSE:
            machine = replace(candidate.machine, reuse=reuse)
            total_pj = memory_energy(measured, machine, constants.values).total_pj.mean()
            metrics[f"energy_uj_reuse_{reuse:g}"] = float(total_pj) / 1e6
    counterpart = fair_counterpart(candidate, candidates) if candidate.is_spiking else None
    if counterpart is not None:
        ratio = energy_ratio(
            mean_energy(measured, candidate.machine),
            mean_energy(counterpart.measured, counterpart.machine),
            constants.constants,
        )
        metrics |= {
            "energy_ratio": ratio.median,
            "energy_ratio_nominal": ratio.nominal,
            "energy_ratio_low": ratio.interval.low,
            "energy_ratio_high": ratio.interval.high,
            **{
                f"energy_ratio_rho_{rho:g}_reuse_{reuse:g}": counterpart_ratio(
                    candidate, counterpart, constants.values, reuse=reuse, rho=rho
                )
                for rho in RHO
                for reuse in REUSE
            },
            "abs_rel_difference": measured.abs_rel / counterpart.measured.abs_rel - 1,
        }
    return {
        "name": measured.contender.name,
        "network": "snn" if candidate.is_spiking else "ann",
        "num_steps": counts.num_steps,
        "width": candidate.width,
        "activation_bits": measured.contender.activation_bits,
        "weight_bits": measured.contender.weight_bits,
        "counterpart": None if counterpart is None else counterpart.measured.contender.name,
        "seed": candidate.loaded.provenance.get("seed"),
        "metrics": metrics,
    }


def counterpart_ratio(
    candidate: Candidate, counterpart: Candidate, values: Values, *, reuse: float, rho: float
) -> float:
    """Energy over that of the counterpart.

    Args:
        candidate: A spiking network.
        counterpart: Its quantised twin.
        values: Of `constants/nm45.toml`.
        reuse: Of the conventional machine.
        rho: Of the spiking one: accesses to a membrane per event.
    """
    assert isinstance(candidate.machine, SnnMachine)
    assert isinstance(counterpart.machine, AnnMachine)
    spiking = replace(candidate.machine, potential_accesses_per_synop=rho)
    ours = memory_energy(candidate.measured, spiking, values)
    machine = replace(counterpart.machine, reuse=reuse)
    theirs = memory_energy(counterpart.measured, machine, values)
    return float(ours.total_pj.mean()) / float(theirs.total_pj.mean())


def pareto_table(summary: Sequence[Mapping[str, Any]]) -> Table:
    """Summaries of all networks."""
    rows = []
    for entry, best in zip(summary, on_front(summary), strict=True):
        ratio = entry.get("energy_ratio_mean")
        rows.append(
            [
                entry["name"],
                str(entry["num_steps"]),
                str(entry["activation_bits"]),
                f"{entry['abs_rel_mean']:.3f}",
                f"{entry['energy_uj_mean']:.1f}",
                f"{entry['synops_per_synapse_mean']:.2f}",
                "" if ratio is None else f"{ratio:.2f}",
                "*" if best else "",
            ]
        )
    numbers = number_columns("T", "bits", "abs_rel", "uJ", "synops/synapse", "SNN/ANN", "front")
    return Table("quality against energy", ["network", *numbers], rows)


if __name__ == "__main__":
    run_command(pareto)

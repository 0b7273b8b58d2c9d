"""Trained networks between which quality is weighed against energy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report.sections.energy_section import RHO, mean_energy, memory_energy
from benchmarks.study.compared_network import (
    METRICS,
    Measured,
    compared_graph,
    compared_network,
    measure,
)
from benchmarks.study.comparison import REUSE, conventional_machine, spiking_machine
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.student.extract import extract_graph
from conversion.student.graph_predictor import GraphPredictor
from conversion.student.samples import Samples
from hardware.cores.chip import load_chip
from hardware.cores.mapping import map_network
from hardware.energy.constant import Values, load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_comparison import energy_ratio
from hardware.energy.operation_energy import bits_to_count
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet
from snn_depth.training.checkpoint import LoadedNetwork

WEIGHT_BITS = 8


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trained network, measured.

    Attributes:
        measured: The network, or what the chip makes of it.
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


def measure_candidate(path: Path, loaded: LoadedNetwork, samples: Samples) -> Candidate:
    """Run a network of a checkpoint on samples with as many steps as it was trained for.

    Raises:
        ValueError: For a network that is neither spiking nor quantised.
    """
    network, spec = loaded.network, loaded.data
    name = str(loaded.provenance.get("stage", path.stem))
    if isinstance(network, SpikingDepthNet):
        frames_per_bin = spec.num_frames // spec.num_bins
        graph = extract_graph(network, spec.height, spec.width, binary_input=frames_per_bin == 1)
        integers = quantize_graph(
            balance_with_delays(graph), num_weight_bits=WEIGHT_BITS, largest_input=frames_per_bin
        )
        core_map = map_network(integers, load_chip("loihi2"))
        machine = spiking_machine(spec, WEIGHT_BITS, core_map)
        predictor = GraphPredictor(integers, network.depth_range)
        measured = measure(compared_graph(name, predictor, WEIGHT_BITS), samples)
        return Candidate(loaded, measured, machine)
    if not isinstance(network, DepthNetwork):
        raise ValueError(f"{path} holds a {type(network).__name__}, which cannot be counted")
    measured = measure(compared_network(name, network), samples)
    if not measured.is_quantized or not network.reads_spikes:
        raise ValueError(
            f"{path} holds a floating-point {type(network).__name__}; accepted: SpikingDepthNet "
            "and QuantizedAnnDepthNet, whose energy can be compared"
        )
    return Candidate(loaded, measured, conventional_machine(spec, measured.network))


def fair_counterpart(candidate: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    """The quantised twin of the same width and seed that can say as much as T steps of spikes.

    None where there is none among the candidates.
    """
    bits = bits_to_count(candidate.measured.counts.num_steps)
    seed = candidate.loaded.provenance.get("seed")
    for other in candidates:
        if (
            not other.is_spiking
            and other.measured.network.activation_bits == bits
            and other.width == candidate.width
            and other.loaded.provenance.get("seed") == seed
        ):
            return other
    return None


def as_row(candidate: Candidate, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """The network as it stands in a results file; its counterpart is among the candidates."""
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
        "name": measured.network.name,
        "network": "snn" if candidate.is_spiking else "ann",
        "num_steps": counts.num_steps,
        "width": candidate.width,
        "activation_bits": measured.network.activation_bits,
        "weight_bits": measured.network.weight_bits,
        "counterpart": None if counterpart is None else counterpart.measured.network.name,
        "seed": candidate.loaded.provenance.get("seed"),
        "metrics": metrics,
    }


def counterpart_ratio(
    candidate: Candidate, counterpart: Candidate, values: Values, *, reuse: float, rho: float
) -> float:
    """Energy of a spiking network over that of its quantised twin.

    Args:
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

"""Intel's PilotNet-LIF on Loihi 2: what its own spikes would have cost by every model.

Intel published what the network takes, and its spikes. The counts of these are kept, so that the
prices of today can be held against the measurement where Intel's files are not at hand.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.formats.netx_file import read_netx
from conversion.graph.layer_graph import LayerGraph
from hardware.cores.chip import load_chip
from hardware.cores.chip_events import chip_events
from hardware.cores.core_load import core_loads
from hardware.cores.mapping import core_memories, map_network
from hardware.cores.step_time import step_bracket
from hardware.counts.event_counts import EdgeCounts, EventCounts, LayerCounts, count_events
from hardware.counts.traffic import count_traffic
from hardware.counts.workload import workload_of_run
from hardware.energy.constant import Amount, Values, load_constants
from hardware.energy.digital_machines import CoreMemory, SnnMachine
from hardware.energy.energy_events import ChipEvents
from hardware.energy.energy_memory import network_energy, snn_energy
from hardware.energy.energy_naive import Arithmetic, naive_energy_pj
from hardware.energy.published_run import (
    PILOTNET_LIF,
    EnergyResidual,
    energy_residuals,
    residual_of,
)

RESULTS = Path(__file__).parents[1] / "results" / "pilotnet.json"
CHIP = "loihi2"
WEIGHT_BITS = 8
_RECORDS = ("input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3)))


@dataclass(frozen=True, eq=False)
class PilotNetRun:
    """What happened in PilotNet-LIF, by Intel's own spikes.

    Attributes:
        counts: Of one inference.
        events: What the chip charges for.
        memories: Of the fullest core of each layer.
        cores: Cores per layer.
        step_us: Low and high estimate of a step's duration.
    """

    counts: EventCounts
    events: ChipEvents
    memories: Mapping[str, CoreMemory]
    cores: tuple[int, ...]
    step_us: tuple[float, float]


def count_pilotnet(data: Path) -> PilotNetRun:
    """Count Intel's spikes.

    Args:
        data: Folder with `pilotnet_lif.net` and the ground truth `input.npy`, `conv-0.npy`, ... of
            lava-dl's unit tests.

    Raises:
        ValueError: For a folder that lacks one of them.
    """
    missing = [
        name
        for name in ("pilotnet_lif.net", *(f"{record}.npy" for record in _RECORDS))
        if not (data / name).is_file()
    ]
    if missing:
        raise ValueError(f"{data} lacks {', '.join(missing)}")
    graph = read_netx(data / "pilotnet_lif.net").graph
    num_steps = PILOTNET_LIF.num_steps
    no_input = np.zeros((num_steps, 1, *graph.input_shape), bool)
    workload = workload_of_run(graph, no_input, recorded_spikes(graph, data, num_steps))
    counts = count_events(workload)
    core_map = map_network(graph, load_chip(CHIP), num_weight_bits=WEIGHT_BITS)
    bracket = step_bracket(
        core_loads(workload, core_map),
        # The record is of the chip's own steps, in which the layers are shifted already.
        dict.fromkeys(workload.arrival_steps, 0),
        load_constants("latency_loihi2").values,
        load_constants("latency_loihi1").values,
    )
    return PilotNetRun(
        counts,
        chip_events(counts, count_traffic(workload, core_map), pipelined=True),
        core_memories(core_map, WEIGHT_BITS, SnnMachine().potential_word_bits),
        tuple(partition.num_cores for partition in core_map.partitions.values()),
        (bracket.low.mean_us, bracket.high.mean_us),
    )


def recorded_spikes(
    graph: LayerGraph, data: Path, num_steps: int
) -> dict[str, npt.NDArray[np.bool_]]:
    """The first steps of the ground truth by layer, (T, 1, C, H, W).

    The last layer, of which there is no record, drives nothing: its spikes are not counted.

    Args:
        data: Folder of the records, each (W, H, C, T) or (C, T).
    """
    spikes = {}
    for layer, name in zip(graph.layers, _RECORDS, strict=False):
        record = np.load(data / f"{name}.npy").T[:num_steps]
        spikes[layer.name] = record.reshape(num_steps, 1, *layer.shape).astype(bool)
    last = graph.layers[-1]
    spikes[last.name] = np.zeros((num_steps, 1, *last.shape), bool)
    return spikes


def residuals(run: PilotNetRun) -> list[EnergyResidual]:
    """How far every model is from the measured energy, at the constants of today.

    The chip models, then the memory-inclusive one at both ends of rho, then the naive ones.
    """
    sets = [load_constants(name) for name in load_chip(CHIP).energy_sets]
    found = energy_residuals(PILOTNET_LIF, run.events, sets)
    arithmetic = load_constants("nm45").constants
    for rho, how in ((1.0, "a membrane access per event"), (0.0, "sums in registers")):
        machine = SnnMachine(
            weight_bits=WEIGHT_BITS, potential_accesses_per_synop=rho, cores=run.memories
        )

        def memory_pj(values: Values, machine: SnnMachine = machine) -> Amount:
            energy = network_energy(snn_energy(run.counts, machine, values, pipelined=True))
            mean: Amount = energy.total_pj.mean(-1)
            return mean

        title = f"B. memory-inclusive, 45 to 7 nm, {how}"
        found.append(residual_of(PILOTNET_LIF, f"memory_rho_{rho:g}", title, memory_pj, arithmetic))
    kinds: tuple[Arithmetic, ...] = ("fp32", "int8")
    for kind in kinds:

        def naive_pj(values: Values, kind: Arithmetic = kind) -> Amount:
            energy = naive_energy_pj(run.counts, kind, values, skips_zeros=False)
            mean: Amount = energy.mean(-1)
            return mean

        title = f"A. naive, 45 to 7 nm, {kind}"
        found.append(residual_of(PILOTNET_LIF, f"naive_{kind}", title, naive_pj, arithmetic))
    return found


def as_row(run: PilotNetRun) -> dict[str, Any]:
    """The run as it stands in a results file."""
    return {
        "name": PILOTNET_LIF.name,
        "metrics": {},
        "seed": 0,
        "num_pipeline_steps": run.counts.num_pipeline_steps,
        "layers": [_as_lists(asdict(layer)) for layer in run.counts.layers],
        "events": {name: counts.tolist() for name, counts in run.events.by_name.items()},
        "memories": {name: asdict(memory) for name, memory in run.memories.items()},
        "cores": list(run.cores),
        "step_us": list(run.step_us),
    }


def run_of_row(row: Mapping[str, Any]) -> PilotNetRun:
    """The run that `as_row` has written."""

    def counts(lists: Any) -> npt.NDArray[np.int64]:
        return np.array(lists, np.int64)

    layers = []
    for entry in row["layers"]:
        edges = tuple(
            replace(
                EdgeCounts(**edge),
                events_TB=counts(edge["events_TB"]),
                synops_TB=counts(edge["synops_TB"]),
            )
            for edge in entry["edges"]
        )
        channels, rows, columns = entry["shape"]
        spikes_TB = counts(entry["spikes_TB"])
        shape = (channels, rows, columns)
        layers.append(LayerCounts(entry["name"], shape, edges, spikes_TB, entry["fires"]))
    low_us, high_us = row["step_us"]
    return PilotNetRun(
        EventCounts(tuple(layers), row["num_pipeline_steps"], 0 * layers[0].spikes_TB),
        ChipEvents(**{name: np.array(value) for name, value in row["events"].items()}),
        {name: CoreMemory(**memory) for name, memory in row["memories"].items()},
        tuple(row["cores"]),
        (low_us, high_us),
    )


def stored_run(path: Path = RESULTS) -> tuple[PilotNetRun, str]:
    """The run in a results file, and its date."""
    results = json.loads(path.read_text())
    return run_of_row(results["rows"][0]), str(results["date"])[:10]


def _as_lists(layer: dict[str, Any]) -> dict[str, Any]:
    """Arrays as lists, which JSON can hold."""
    edges = [
        {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in edge.items()}
        for edge in layer["edges"]
    ]
    return {**layer, "edges": edges, "spikes_TB": layer["spikes_TB"].tolist()}

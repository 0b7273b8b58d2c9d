"""The models of `hardware` against a published measurement: `python -m benchmarks.pilotnet`.

Intel published what PilotNet-LIF takes on Loihi 2, and the spikes of that network. Counting these
spikes and pricing them gives what every set of constants would have predicted.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from conversion.layer_graph import LayerGraph
from conversion.netx_file import read_netx
from hardware.chip import load_chip
from hardware.chip_events import chip_events
from hardware.constant import load_constants
from hardware.core_load import core_loads
from hardware.event_counts import count_events
from hardware.latency import step_bracket
from hardware.mapping import map_network
from hardware.published_run import PILOTNET_LIF, energy_residuals
from hardware.traffic import count_traffic
from hardware.workload import workload_of_run
from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line
from snn_depth.results import write_results

RESULTS = Path(__file__).parent / "results" / "pilotnet.json"
EVENT_SETS = ("davies2018", "keras_spiking_loihi", "sanafe_loihi", "loihi2_pilotnet")
_RECORDS = ("input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3)))


@dataclass(frozen=True)
class Validation:
    """What the models say about PilotNet-LIF.

    Attributes:
        num_synops: Synaptic operations per inference.
        num_spikes: Spikes per inference.
        num_updates: Neuron updates per inference.
        cores: Cores per layer.
        residuals: Of the energy, one entry per set of constants.
        step_us: Low and high estimate of a step's duration.
        step_is_inside: Whether the measured duration lies between.
    """

    num_synops: int
    num_spikes: int
    num_updates: int
    cores: tuple[int, ...]
    residuals: tuple[dict[str, Any], ...]
    step_us: tuple[float, float]
    step_is_inside: bool


def validate(data: Path) -> Validation:
    """Count Intel's spikes and price them.

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
    workload = workload_of_run(
        graph, no_input, recorded_spikes(graph, data, num_steps), graded_input=False
    )
    counts = count_events(workload)
    core_map = map_network(graph, load_chip("loihi2"))
    events = chip_events(counts, count_traffic(workload, core_map), pipelined=True)
    residuals = energy_residuals(PILOTNET_LIF, events, [load_constants(n) for n in EVENT_SETS])
    bracket = step_bracket(
        core_loads(workload, core_map),
        # The record is of the chip's own steps, in which the layers are shifted already.
        dict.fromkeys(workload.arrival_steps, 0),
        load_constants("latency_loihi2").values,
        load_constants("latency_loihi1").values,
    )
    return Validation(
        int(counts.synops_B.sum()),
        int(counts.spikes_B.sum()),
        counts.num_updates(pipelined=True),
        tuple(partition.num_cores for partition in core_map.partitions.values()),
        tuple(asdict(residual) for residual in residuals),
        (bracket.low.mean_us, bracket.high.mean_us),
        PILOTNET_LIF.step_us in bracket,
    )


def recorded_spikes(
    graph: LayerGraph, data: Path, num_steps: int
) -> dict[str, npt.NDArray[np.bool_]]:
    """The first steps of the ground truth, by layer.

    Args:
        graph: The network.
        data: Folder of the records, each (W, H, C, T) or (C, T).
        num_steps: How many.

    Returns:
        Shape (T, 1, C, H, W); the last layer, of which there is no record, drives nothing: its
        spikes are not counted.
    """
    spikes = {}
    for layer, name in zip(graph.layers, _RECORDS, strict=False):
        record = np.load(data / f"{name}.npy").T[:num_steps]
        spikes[layer.name] = record.reshape(num_steps, 1, *layer.shape).astype(bool)
    last = graph.layers[-1]
    spikes[last.name] = np.zeros((num_steps, 1, *last.shape), bool)
    return spikes


def as_row(validation: Validation) -> dict[str, Any]:
    """The validation as it stands in a results file.

    Args:
        validation: Of `validate`.
    """
    return {"name": PILOTNET_LIF.name, "metrics": {}, "seed": 0, **asdict(validation)}


def pilotnet(*, data: Path, output: Path = RESULTS) -> None:
    """Confront the energy and latency models with the published run of PilotNet-LIF.

    Args:
        data: Folder with lava-dl's `pilotnet_lif.net` and its ground truth, input.npy, conv-0.npy,
            and so on.
        output: Results to write (*.json); the report quotes them where it has no such folder.
    """
    validation = validate(data)
    write_results(output, "pilotnet", [as_row(validation)])
    console = Console()
    for residual in validation.residuals:
        inside = "inside" if residual["measured_is_inside"] else "outside"
        console.print(
            f"{residual['title']}: {residual['predicted_uj']:.1f} uJ per step, "
            f"{residual['residual']:+.1%} of the measured {PILOTNET_LIF.dynamic_uj} uJ, which is "
            f"{inside} the interval {residual['caveat']}"
        )
    low, high = validation.step_us
    console.print(f"step: {low:.0f} to {high:.0f} us; measured {PILOTNET_LIF.step_us} us")
    console.print(f"results: {output}")


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; None takes the process's own.
    """
    call_from_command_line(pilotnet, "python -m benchmarks.pilotnet", arguments)


if __name__ == "__main__":
    exit_after(main)

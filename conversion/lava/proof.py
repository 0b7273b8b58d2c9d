"""Proof that Lava computes what the simulators do: the same spikes and the same membranes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.lava.environment import lava_python
from conversion.lava.run_in_lava import run_in_lava
from conversion.lava_runtime.lava_run import LavaRun, SynapseKind
from conversion.simulate.simulation import Trace
from conversion.student.convert import Conversion

LavaTarget = Literal["lava-float", "lava-fixed"]
ARITHMETIC: Mapping[LavaTarget, Arithmetic] = {"lava-float": "float", "lava-fixed": "integer"}

# Sums of floating-point numbers depend on their order; those of integers do not.
_TOLERANCE: Mapping[Arithmetic, float] = {"float": 1e-9, "integer": 0.0}


@dataclass(frozen=True)
class LayerDifference:
    """What differs in a layer between two runs.

    Attributes:
        num_spikes: Spikes that only one of them has; None for a readout.
        largest_membrane: Largest difference of a membrane after any step.
    """

    num_spikes: int | None
    largest_membrane: float


@dataclass(frozen=True, eq=False)
class LavaProof:
    """A run in Lava beside the simulator's.

    Attributes:
        simulator_s: What the simulator took for the same.
        differences: By layer, in the graph's order.
    """

    target: LavaTarget
    synapses: SynapseKind
    run: LavaRun
    simulator_s: float
    differences: Mapping[str, LayerDifference]

    @property
    def name(self) -> str:
        """What to call the network that ran: "Lava float" or "Lava fixed"."""
        return self.target.replace("lava-", "Lava ")

    @property
    def summary(self) -> dict[str, Any]:
        """What a reader of the artifact wants to know of the run."""
        num_steps, num_samples = next(iter(self.run.trace.membranes.values())).shape[:2]
        return {
            "target": self.target,
            "synapses": self.synapses,
            "lava_version": self.run.lava_version,
            "num_samples": num_samples,
            "num_steps": num_steps,
        }

    def check(self) -> None:
        """Refuse a run that differs.

        Raises:
            ValueError: Naming the first layer that differs.
        """
        arithmetic = ARITHMETIC[self.target]
        tolerance = _TOLERANCE[arithmetic]
        for name, difference in self.differences.items():
            if difference.num_spikes:
                found = f"{difference.num_spikes} spikes"
            elif not difference.largest_membrane <= tolerance:  # NaN differs
                found = f"{difference.largest_membrane:.3g} of membrane; accepted: {tolerance:g}"
            else:
                continue
            raise ValueError(
                f"layer {name!r} is the first that differs between the {arithmetic} simulator and "
                f"{self.name}: by {found}"
            )


def prove_in_lava(
    conversion: Conversion,
    artifact: Path,
    targets: Sequence[LavaTarget],
    *,
    synapses: SynapseKind,
    timeout_s: float,
    say: Callable[[str], None],
) -> Iterator[LavaProof]:
    """Run a converted network in Lava and hold it against its simulators.

    Args:
        conversion: With the membranes of all layers.
        artifact: File of the network.
        targets: Lava's neuron models to run.
        synapses: Synapse processes to use.
        timeout_s: For each run.
        say: Called with a line before anything takes long.

    Yields:
        A proof per target; `LavaProof.check` says whether it holds.

    Raises:
        ValueError: For a network that Lava cannot run.
        OSError: When there is no Lava, or when a run takes too long or is killed.
        RuntimeError: When it fails for another reason.
    """
    if not targets:
        return
    python = lava_python(say)
    for target in targets:
        arithmetic = ARITHMETIC[target]
        say(f"Running {len(conversion.rows)} layers in {target} with {synapses} synapses ...")
        run = run_in_lava(
            artifact,
            conversion.inputs_TBCHW,
            arithmetic,
            python=python,
            synapses=synapses,
            timeout_s=timeout_s,
        )
        graph, expected = conversion.stage(arithmetic)
        differences = layer_differences(graph, run.trace, expected)
        yield LavaProof(target, synapses, run, conversion.simulator_s[arithmetic], differences)


def layer_differences(
    graph: LayerGraph, found: Trace, expected: Trace
) -> dict[str, LayerDifference]:
    """What differs between two runs with membranes of all layers, in the graph's order.

    Raises:
        KeyError: When a layer is missing in a run.
        ValueError: When the runs have other numbers of steps or samples.
    """
    differences = {}
    for layer in graph.layers:
        v, expected_v = found.membranes[layer.name], expected.membranes[layer.name]
        if v.shape != expected_v.shape:
            raise ValueError(
                f"layer {layer.name!r} has records of shape {v.shape}; expected: {expected_v.shape}"
            )
        num_spikes = None
        if layer.fires:
            changed = found.spikes[layer.name] != expected.spikes[layer.name]
            num_spikes = int(np.count_nonzero(changed))
        differences[layer.name] = LayerDifference(num_spikes, float(np.abs(v - expected_v).max()))
    return differences

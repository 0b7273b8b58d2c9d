"""Run a graph in Lava, and the same steps in the simulator that it must equal."""

from pathlib import Path

import numpy as np

from conversion.graph.artifact import Artifact, write_artifact
from conversion.graph.layer_graph import LayerGraph
from conversion.lava.run_in_lava import run_in_lava
from conversion.lava_runtime.lava_run import LavaRun, SynapseKind
from conversion.simulate import float_simulator, integer_simulator


def write_run(
    folder: Path, graph: LayerGraph, inputs_TBCHW: np.ndarray, reset_period: int = 0
) -> list[str]:
    """Files of a run: artifact, inputs, and where to write the result."""
    paths = [folder / name for name in ("artifact.h5", "inputs.npy", "result.h5")]
    write_artifact(paths[0], Artifact(graph, reset_period or len(inputs_TBCHW)))
    np.save(paths[1], inputs_TBCHW)
    return [str(path) for path in paths]


def run_in_lava_and_compare(
    folder: Path,
    python: Path,
    graph: LayerGraph,
    inputs_TBCHW: np.ndarray,
    *,
    synapses: SynapseKind,
    reset_period: int = 0,
    record_membranes: bool = True,
) -> LavaRun:
    """Lava must give the simulator's spikes; also its membranes, to rounding if they are float."""
    artifact, *_ = write_run(folder, graph, inputs_TBCHW, reset_period)
    run = run_in_lava(
        Path(artifact),
        inputs_TBCHW,
        graph.arithmetic,
        python=python,
        synapses=synapses,
        record_membranes=record_membranes,
        timeout_s=300,
    )
    simulator = float_simulator if graph.arithmetic == "float" else integer_simulator
    expected = simulator.simulate(graph, inputs_TBCHW, record_membranes=record_membranes)
    assert set(run.trace.spikes) == set(expected.spikes)
    assert set(run.trace.membranes) == set(expected.membranes)
    assert set(run.trace.spike_mismatches(expected).values()) <= {0}
    tolerance = 1e-9 if graph.arithmetic == "float" else 0
    assert all(d <= tolerance for d in expected.membrane_differences(run.trace).values())
    return run

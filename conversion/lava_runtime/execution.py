"""Run samples through a layer graph in Lava, one after the other in one run."""

import logging
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.runtime.runtime import Runtime

from conversion.graph.inputs import named_inputs
from conversion.graph.layer_graph import LayerGraph
from conversion.lava_runtime.lava_run import LavaRun, SynapseKind
from conversion.lava_runtime.network import build_network
from conversion.lava_runtime.peak_memory import PeakMemory
from conversion.lava_runtime.records import Records
from conversion.lava_runtime.shared_memory import check_room
from conversion.simulate.simulation import stream_of_samples


def run_graph(
    graph: LayerGraph,
    inputs_TBCHW: npt.NDArray[Any],
    *,
    reset_period: int,
    synapses: SynapseKind,
    record_membranes: bool,
    folder: Path,
) -> LavaRun:
    """Run a graph as Lava processes; to be done in a `supervised` process.

    The samples follow each other in pipelined operation, with the staggered resets between them.

    Args:
        graph: A graph with balanced delays, float or integer: Lava's floating-point or bit-accurate
            models.
        inputs_TBCHW: Samples of up to `reset_period` steps.
        reset_period: Steps from the start of one sample to the start of the next.
        synapses: Lava's own ("stock") or the project's ("fast").
        record_membranes: Whether to record the membranes of firing layers too.
        folder: For the records; not removed.

    Raises:
        ValueError: For what cannot be run: unbalanced delays, inputs that do not fit the graph, a
            graph of several inputs.
        OSError: For too little shared memory.
        RuntimeError: When a process fails; the error itself has been logged.
    """
    _check(graph, inputs_TBCHW, reset_period)
    num_steps, num_samples = inputs_TBCHW.shape[:2]
    inputs_SCHW = stream_of_samples(inputs_TBCHW, graph.num_pipeline_steps, reset_period)[:, 0]
    records = Records(graph, folder, record_membranes)
    tag = "floating_pt" if graph.arithmetic == "float" else "fixed_pt"
    with PeakMemory() as peak:
        start_s = time.perf_counter()
        processes = build_network(
            graph, inputs_SCHW, reset_period=reset_period, synapses=synapses, records=records
        )
        # Two slots per channel: one is filled while the other is read. Lava's default is 64.
        processes[0].create_runtime(
            run_cfg=Loihi2SimCfg(select_tag=tag), compile_config={"pypy_channel_size": 2}
        )
        # Where it tells, as mere information, which errors its processes have raised.
        logging.getLogger(Runtime.__module__).setLevel(logging.INFO)
        check_room()
        built_s = time.perf_counter()
        processes[0].run(RunSteps(len(inputs_SCHW)))
        ran_s = time.perf_counter()
        peak.look()
        processes[0].stop()
    return LavaRun(
        trace=records.trace(num_samples, num_steps, reset_period),
        num_steps=len(inputs_SCHW),
        num_processes=len(processes),
        build_s=built_s - start_s,
        run_s=ran_s - built_s,
        peak_memory_bytes=peak.memory_bytes,
        peak_shared_memory_bytes=peak.shared_memory_bytes,
        lava_version=version("lava-nc"),
        python_version=platform.python_version(),
    )


def _check(graph: LayerGraph, inputs: npt.NDArray[Any], reset_period: int) -> None:
    named_inputs(graph, inputs)
    if not inputs.size:
        raise ValueError(f"inputs have shape {inputs.shape}; accepted: one sample or more")
    if len(inputs) > reset_period:
        raise ValueError(
            f"inputs have {len(inputs)} steps; accepted: up to the reset period, {reset_period}"
        )
    if graph.arithmetic == "integer" and not np.array_equal(inputs, np.trunc(inputs)):
        raise ValueError("inputs are not whole numbers; accepted: spikes or counts")
    if graph.early_edges:
        source, target = next(iter(graph.early_edges))
        raise ValueError(
            f"layer {target!r}: what comes from {source!r} arrives early; accepted: graphs whose "
            "delays are balanced"
        )

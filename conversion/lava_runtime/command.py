"""Run an artifact's network in Lava: `python -m conversion.lava_runtime A.h5 INPUTS.npy RESULT.h5`.

The result is a `conversion.lava_runtime.lava_run`.
"""

import logging
import os
import sys
import tempfile
import traceback
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np

from conversion.graph.artifact import Artifact, read_artifact
from conversion.graph.layer_graph import Arithmetic, LayerGraph
from conversion.lava_runtime.execution import run_graph
from conversion.lava_runtime.lava_run import SynapseKind, write_run
from conversion.lava_runtime.supervision import supervised


def main(arguments: list[str] | None = None) -> None:
    """Run the program; end it with one line on standard error for errors that are not ours.

    The code is 2 for what cannot be run (ValueError), and 71 (EX_OSERR) where the machine does not
    let it run: memory or disk has run out, a process has been killed.

    Args:
        arguments: Command line; None takes the process's own.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    try:
        _run(options)
    except BaseException as error:
        code = _report(error)
        sys.stderr.flush()
        # At a usual exit, Lava would wait for processes that are gone.
        os._exit(code)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m conversion.lava_runtime", description=__doc__)
    parser.add_argument("artifact", type=Path, help="converted network (*.h5)")
    parser.add_argument("inputs", type=Path, help="samples (T, B, C, H, W) (*.npy)")
    parser.add_argument("result", type=Path, help="file to write (*.h5)")
    parser.add_argument(
        "--arithmetic",
        choices=get_args(Arithmetic),
        default="integer",
        help="run the integer network, or the float network that it was made of",
    )
    parser.add_argument(
        "--synapses",
        choices=get_args(SynapseKind),
        default="fast",
        help="the project's synapses, or Lava's own, which take up to 40 times as long",
    )
    parser.add_argument(
        "--membranes",
        action=BooleanOptionalAction,
        default=True,
        help="record the membranes of firing layers too",
    )
    return parser


def _run(options: Namespace) -> None:
    artifact = read_artifact(options.artifact)
    graph = _graph(artifact, options.arithmetic)
    inputs_TBCHW = np.load(options.inputs)
    with TemporaryDirectory(prefix="lava-") as folder:
        tempfile.tempdir = folder  # for the sockets of multiprocessing
        with supervised():
            run = run_graph(
                graph,
                inputs_TBCHW,
                reset_period=artifact.reset_period,
                synapses=options.synapses,
                record_membranes=options.membranes,
                folder=Path(folder),
            )
            write_run(options.result, run)


def _graph(artifact: Artifact, arithmetic: Arithmetic) -> LayerGraph:
    for graph in (artifact.graph, artifact.float_graph):
        if graph is not None and graph.arithmetic == arithmetic:
            return graph
    raise ValueError(
        f"the artifact has no {arithmetic} network; accepted: {artifact.graph.arithmetic!r}"
    )


def _report(error: BaseException) -> int:
    """Say what has ended the run; the exit code of the program."""
    if isinstance(error, SystemExit):
        return int(error.code or 0)
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    if isinstance(error, (ValueError, OSError)):
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else os.EX_OSERR
    traceback.print_exception(error)
    return 1

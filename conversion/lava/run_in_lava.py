"""Run an artifact's network in Lava, in an environment of its own, and get back what it did."""

import math
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Arithmetic
from conversion.lava.environment import clean_variables
from conversion.lava.process_group import end_process_group
from conversion.lava_runtime.lava_run import LavaRun, SynapseKind, read_run

_PREFIX = "snn-depth-lava-"  # of a run's folder
# The longest path of a socket, without what is made in the temporary folder.
_LONGEST_TEMPORARY_FOLDER = 107 - len(
    f"/{_PREFIX}12345678/lava-12345678/pymp-12345678/listener-12345678"
)
# Run by the other Python before the program: SIGTERM arrives should this process be killed.
_END_WITH_PARENT = (
    "import ctypes, os, signal, sys; "
    "ctypes.CDLL(None).prctl(1, signal.SIGTERM); "  # PR_SET_PDEATHSIG, kept by exec
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)


def run_in_lava(
    artifact: Path,
    inputs_TBCHW: npt.NDArray[Any],
    arithmetic: Arithmetic,
    *,
    python: Path,
    synapses: SynapseKind = "fast",
    record_membranes: bool = True,
    timeout_s: float = 600.0,
) -> LavaRun:
    """Run the network of an artifact as Lava processes.

    However that ends, also with Ctrl-C, no process of it is left, and no shared memory.

    Args:
        artifact: Written by `conversion.graph.artifact.write_artifact`.
        inputs_TBCHW: Samples; they follow each other in one run, with staggered resets between.
        arithmetic: Lava's floating-point models, or its bit-accurate ones.
        python: Interpreter that has Lava (`conversion.lava.environment.lava_python`).
        synapses: The project's own synapse processes, or Lava's stock ones, which are slower.
        record_membranes: Whether to keep the membranes of firing layers too.
        timeout_s: The run is ended after so many seconds.

    Raises:
        ValueError: For an artifact or inputs that cannot be run, or a temporary folder whose path
            is too long.
        OSError: When the run takes too long (TimeoutError), or it or one of its processes is
            killed, as they are without memory, or disk or shared memory are too small.
        RuntimeError: When it fails for another reason, with what it said.
    """
    if not 0 < timeout_s < math.inf:
        raise ValueError(f"timeout_s is {timeout_s}; accepted: a positive number of seconds")
    _check_temporary_folder()
    with TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        np.save(folder / "inputs.npy", inputs_TBCHW)
        words = [str(artifact.absolute()), "inputs.npy", "result.h5"]
        words += ["--arithmetic", arithmetic, "--synapses", synapses]
        words += [] if record_membranes else ["--no-membranes"]
        _run(python, words, folder, timeout_s)
        return read_run(folder / "result.h5")


def _check_temporary_folder() -> None:
    folder = tempfile.gettempdir()
    length = len(os.fsencode(folder))
    if length > _LONGEST_TEMPORARY_FOLDER:
        raise ValueError(
            f"the path of the temporary folder {folder} has {length} bytes, too many for the "
            f"sockets of Lava's processes; accepted: up to {_LONGEST_TEMPORARY_FOLDER}; set TMPDIR"
        )


def _run(python: Path, words: list[str], folder: Path, timeout_s: float) -> None:
    packages = folder / "packages"
    packages.mkdir()
    # Nothing else of this Python is to be seen by the other.
    for name in ("conversion", "snn_depth"):
        (packages / name).symlink_to(Path(__file__).parents[2] / name)
    program = [str(python), "-c", _END_WITH_PARENT, "-m", "conversion.lava_runtime", *words]
    log = folder / "log"
    with log.open("wb") as output, _started(program, folder, packages, output) as process:
        try:
            exit_code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"the run in Lava took longer than {timeout_s:g} s; give it more time, or fewer "
                "or smaller samples"
            ) from None
    if exit_code:
        raise _error(exit_code, log.read_text(errors="replace").strip())


@contextmanager
def _started(
    program: list[str], folder: Path, packages: Path, output: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """The running program in a group of processes of its own, which ends with the block."""
    process = subprocess.Popen(
        program,
        cwd=folder,
        # Lava leaves files among the temporary ones when it is killed.
        env={**clean_variables(), "PYTHONPATH": str(packages), "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end_process_group(process)


def _error(exit_code: int, said: str) -> Exception:
    last_line = said.splitlines()[-1] if said else ""
    if exit_code in (2, os.EX_OSERR):  # see conversion.lava_runtime.command
        kind = ValueError if exit_code == 2 else OSError
        return kind(f"Lava: {last_line.removeprefix('error: ')}")
    if exit_code < 0:
        return OSError(
            f"the run in Lava was killed by {signal.Signals(-exit_code).name}; most often memory "
            "has run out"
        )
    return RuntimeError(f"the run in Lava failed with exit code {exit_code}:\n{said}")

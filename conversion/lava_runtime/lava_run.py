"""What a run in Lava gave and took, and the file in which it comes back from Lava's Python."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import h5py

from conversion.simulate.simulation import Trace
from conversion.simulate.trace_file import read_trace, write_trace
from snn_depth.files.atomic import atomic_path

SynapseKind = Literal["fast", "stock"]


@dataclass(frozen=True, eq=False)
class LavaRun:
    """What a network did in Lava, and what that took.

    Attributes:
        trace: Time-aligned, in the graph's arithmetic.
        num_steps: Steps of the whole run, one sample behind the other.
        num_processes: Lava processes, each a process of the operating system.
        build_s: Seconds to make, compile and start them.
        peak_memory_bytes: Most memory (PSS) of all processes.
        peak_shared_memory_bytes: Most of it in /dev/shm, where Lava's messages are.
        python_version: Version of the Python that it ran in.
    """

    trace: Trace
    num_steps: int
    num_processes: int
    build_s: float
    run_s: float
    peak_memory_bytes: int
    peak_shared_memory_bytes: int
    lava_version: str
    python_version: str


def write_run(path: Path, run: LavaRun) -> None:
    """Write HDF5: the trace as a group, all else as attributes; completely or not at all."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for field in fields(run):
            if field.name != "trace":
                file.attrs[field.name] = getattr(run, field.name)
        write_trace(file.create_group("trace"), run.trace)


def read_run(path: Path) -> LavaRun:
    """Read what `write_run` has written."""
    with h5py.File(path, "r") as file:
        return LavaRun(read_trace(file["trace"]), **dict(file.attrs))

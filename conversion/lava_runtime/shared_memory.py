"""The segments of shared memory in which Lava's processes pass messages.

Their names tell whose they are: ``snn<process id>_<random>``, with the process that runs the
network.
"""

import os
import shutil
from multiprocessing import shared_memory
from pathlib import Path

_FOLDER = Path("/dev/shm")


def name_segments() -> None:
    """From now on, begin the names of what this process makes with ``snn<process id>_``."""
    # Python has no other way to choose the names of a manager's segments.
    prefix = f"/{_prefix()}"
    shared_memory._SHM_NAME_PREFIX = prefix  # type: ignore[attr-defined]
    shared_memory._SHM_SAFE_NAME_LENGTH = len(prefix) + 8  # type: ignore[attr-defined]


def held_bytes() -> int:
    """Shared memory that this process's segments take, as far as they have been written to."""
    return sum(path.stat().st_blocks * 512 for path in _segments())


def check_room() -> None:
    """Refuse to run where the shared memory is too small: processes would die of a bus error.

    To be called when all segments have been made and nothing has been written to them.

    Raises:
        OSError: Naming what is needed and what there is.
    """
    needed = sum(path.stat().st_size for path in _segments())
    free = shutil.disk_usage(_FOLDER).free
    if needed > free:
        raise OSError(
            f"the network needs {needed / 1e6:.0f} MB of shared memory, {_FOLDER} has "
            f"{free / 1e6:.0f} MB free; accepted: less than that (Docker's default is 64 MB: "
            "use --shm-size)"
        )


def remove_segments() -> None:
    """Remove what is left of this process's segments."""
    for path in _segments():
        segment = shared_memory.SharedMemory(path.name)
        segment.close()
        segment.unlink()


def _prefix() -> str:
    return f"snn{os.getpid()}_"


def _segments() -> list[Path]:
    return list(_FOLDER.glob(f"{_prefix()}*"))

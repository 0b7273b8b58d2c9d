"""The most memory that this process and its children hold, looked at a few times per second."""

import os
import threading
from pathlib import Path

from conversion.lava_runtime.shared_memory import held_bytes

_INTERVAL_S = 0.25


class PeakMemory:
    """Watches while its block runs.

    Attributes:
        memory_bytes: Proportional set size (PSS) of all processes: what they share counts once.
        shared_memory_bytes: What the messages between them take of it.
    """

    def __init__(self) -> None:
        self.memory_bytes = 0
        self.shared_memory_bytes = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(_INTERVAL_S):
            self.look()

    def look(self) -> None:
        """Take a sample."""
        processes = [os.getpid(), *_children()]
        self.memory_bytes = max(self.memory_bytes, sum(map(_pss_bytes, processes)))
        self.shared_memory_bytes = max(self.shared_memory_bytes, held_bytes())


def _children() -> list[int]:
    """Process ids of the children of this process; they have none."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def _pss_bytes(process_id: int) -> int:
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0
    sizes = dict(line.split()[:2] for line in lines[1:])
    return 1024 * int(sizes["Pss:"])

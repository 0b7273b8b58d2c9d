"""End a program with all the processes that it has started, and remove their shared memory.

Those that have lost their parent are found by their group. psutil, which follows parents, would
lose them.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_GRACE_S = 10.0


def end_process_group(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of a run of `conversion.lava_runtime`, whatever state it is in.

    The program is asked to end, and killed if it does not. Its children then end by themselves,
    and Python's resource tracker, one of them, removes the shared memory; what does not follow is
    killed as well, and what is left of the shared memory is removed here. The program has to lead
    a session; it may have ended.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
    if not _has_ended(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _has_ended(process.pid)  # the kernel takes a moment, too
    # The names are those of conversion.lava_runtime.shared_memory.
    for segment in Path("/dev/shm").glob(f"snn{process.pid}_*"):
        segment.unlink(missing_ok=True)


def _has_ended(group: int) -> bool:
    """Wait for all processes of the group to end, for as long as they are given."""
    deadline_s = time.monotonic() + _GRACE_S
    while _is_alive(group):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def _is_alive(group: int) -> bool:
    """Whether a process of the group still runs; those that nobody has waited for do not count."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of the program, in parentheses, may hold spaces.
            state, _, process_group = path.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        if int(process_group) == group and state not in "ZX":
            return True
    return False

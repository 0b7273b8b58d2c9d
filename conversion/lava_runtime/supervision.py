"""However a run ends, no process of it stays behind, and no shared memory.

Lava stops a network by messages, and waits for answers that will not come when a process of it is
gone. So when anything goes wrong all processes are killed instead. If the killed one is this
process itself, the kernel kills its children (they have asked it to), and Python's resource
tracker, which only waits for all of them to be gone, removes the shared memory.
"""

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from conversion.lava_runtime.shared_memory import name_segments, remove_segments

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_REPEAT_S = 0.1


@contextmanager
def supervised() -> Iterator[None]:
    """Run a network inside; to be used once, in a process that does nothing else.

    When the block is left by an exception, or when SIGTERM or SIGINT arrive, its processes are
    killed and their shared memory is removed. Lava's runtime must not be used after that, nor
    collected as garbage: it would wait for its processes. The signals are ignored afterwards.

    Raises:
        ChildProcessError: When a process is killed, as it is when memory runs out.
        SystemExit: On a signal, with the code that shells have for it.
    """
    name_segments()
    _bind_children()
    _handle_signals()
    try:
        yield
    except BaseException:
        _ignore_signals()
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        remove_segments()
        raise
    _ignore_signals()


def _bind_children() -> None:
    """Let all processes that are forked from now on end with this one, and by this one only."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def end_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has died before it could be asked
            os._exit(1)
        # What is sent to the whole group is the parent's to handle.
        _ignore_signals()

    os.register_at_fork(after_in_child=end_with_parent)


def _handle_signals() -> None:
    """Raise what signals mean, again and again: what is raised while Python forks is lost."""
    errors: list[BaseException] = []

    def interrupt(error: BaseException) -> NoReturn:
        errors.append(error)
        signal.setitimer(signal.ITIMER_REAL, _REPEAT_S, _REPEAT_S)
        raise error

    def on_end(number: int, frame: FrameType | None) -> None:
        interrupt(SystemExit(128 + number))

    def on_child(number: int, frame: FrameType | None) -> None:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None and ended.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
            name = signal.Signals(ended.si_status).name
            interrupt(
                ChildProcessError(
                    f"a process of the network was killed by {name}; most often memory has run out"
                )
            )

    def on_alarm(number: int, frame: FrameType | None) -> None:
        raise errors[-1]

    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGCHLD, on_child)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_end)


def _ignore_signals() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)

"""However a run ends, no process of it stays behind, no shared memory, no half-written result."""

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conversion.lava_runtime.runs import write_run
from tests.conversion.small_graphs import counts, skip_graph

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where runs keep temporary files; its path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="lava-test-") as folder:
        yield Path(folder)


@contextmanager
def long_run(
    python: Path, temporary: Path, prepare: Callable[[], None] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A run of several minutes, unless something ends it."""
    inputs = counts(num_samples=5000)
    words = write_run(temporary, skip_graph(), inputs)
    process = subprocess.Popen(
        [python, "-m", "conversion.lava_runtime", *words],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=prepare,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(holds: Callable[[], bool], timeout_s: float = 60.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


def is_running(temporary: Path) -> bool:
    """Whether steps have been recorded."""
    return any(path.stat().st_size > 1000 for path in temporary.glob("lava-*/*.membranes"))


def living(session: int) -> list[int]:
    """Processes of a session that nobody has ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_session) == session and state not in "ZX":
            found.append(int(path.parent.name))
    return found


def segments(process_id: int) -> list[Path]:
    return list(Path("/dev/shm").glob(f"snn{process_id}_*"))


def end_parent(number: int) -> Callable[["subprocess.Popen[str]"], None]:
    return lambda process: process.send_signal(number)


def end_all(number: int) -> Callable[["subprocess.Popen[str]"], None]:
    return lambda process: os.killpg(process.pid, number)


def kill_newest_child(process: "subprocess.Popen[str]") -> None:
    os.kill(max(living(process.pid)), signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "exit_code", "message"),
    [
        (end_parent(signal.SIGTERM), 143, ""),
        (end_parent(signal.SIGINT), 130, ""),
        (end_all(signal.SIGTERM), 143, ""),
        (kill_newest_child, os.EX_OSERR, "error: a process of the network was killed by SIGKILL; "),
        (end_parent(signal.SIGKILL), -signal.SIGKILL, None),
    ],
    ids=["terminated", "interrupted", "group terminated", "child killed", "killed"],
)
def test_nothing_is_left(
    end: Callable[["subprocess.Popen[str]"], None],
    exit_code: int,
    message: str | None,
    temporary: Path,
    lava_python: Path,
) -> None:
    with long_run(lava_python, temporary) as process:
        assert wait_until(lambda: is_running(temporary))
        assert len(living(process.pid)) > 20
        assert len(segments(process.pid)) > 20
        end(process)
        assert process.wait(30) == exit_code
        # Those of a killed process end by themselves; the last of them removes the memory.
        assert wait_until(lambda: not living(process.pid), 10)
        assert not segments(process.pid)
        assert not list(temporary.glob("*result*"))
        if message is not None:  # a killed process cannot remove its folder
            assert not list(temporary.glob("lava-*"))
            assert process.stderr is not None
            assert process.stderr.read().startswith(message)


def test_error_in_a_process_is_told(temporary: Path, lava_python: Path) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    with long_run(lava_python, temporary, no_large_files) as process:
        assert process.wait(60) == 1
        assert wait_until(lambda: not living(process.pid), 10)
        assert not segments(process.pid)
        assert not list(temporary.glob("lava-*"))
        assert not list(temporary.glob("*result*"))
        assert process.stderr is not None
        said = process.stderr.read()
    assert "File too large" in said
    assert "RuntimeError: 2 Exception(s) occurred" in said  # spikes and membranes of large layers

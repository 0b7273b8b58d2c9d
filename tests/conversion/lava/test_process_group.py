import subprocess
import sys
import time
from pathlib import Path

import pytest

from conversion.lava import process_group
from conversion.lava.process_group import end_process_group

SEGMENT = "import os, pathlib; pathlib.Path(f'/dev/shm/snn{os.getpid()}_test').touch()\n"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
# In short sleeps: a signal that comes just before a sleep begins is noticed after it.
WAIT = """import time
os.write(1, b'%d\\n' % os.getpid())
while True:
    time.sleep(0.05)
"""


def start(program: str, num_processes: int) -> tuple["subprocess.Popen[bytes]", list[int]]:
    """A program as the leader of a session, and all its processes, each of which says its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    return process, [int(process.stdout.readline()) for _ in range(num_processes)]


def is_alive(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("program", "num_processes"),
    [
        (SEGMENT + WAIT, 1),
        (SEGMENT + DEAF + WAIT, 1),
        (SEGMENT + DEAF + "os.fork()\n" + WAIT, 2),
        (SEGMENT + DEAF + "if os.fork(): os._exit(0)\n" + WAIT, 1),  # the leader is gone
    ],
)
def test_nothing_is_left(program: str, num_processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_group, "_GRACE_S", 0.2)
    process, process_ids = start(program, num_processes)
    segment = Path(f"/dev/shm/snn{process.pid}_test")
    assert segment.exists() and all(map(is_alive, process_ids))
    end_process_group(process)
    deadline_s = time.monotonic() + 10
    while any(map(is_alive, process_ids)):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert not segment.exists() and process.poll() is not None


def test_one_that_listens_ends_by_itself() -> None:
    program = "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    process, _ = start(program + WAIT, 1)
    end_process_group(process)
    assert process.returncode == 7


def test_what_belongs_to_others_stays(tmp_path: Path) -> None:
    process, _ = start("import os\nprint(os.getpid())", 1)
    process.wait()
    other = Path(f"/dev/shm/snn{process.pid}0_test")
    other.touch()
    try:
        end_process_group(process)
        assert other.exists()
    finally:
        other.unlink()

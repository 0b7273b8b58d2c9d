import multiprocessing
import os
import shutil
from multiprocessing import shared_memory
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from conversion.lava_runtime.peak_memory import PeakMemory
from conversion.lava_runtime.shared_memory import (
    check_room,
    held_bytes,
    name_segments,
    remove_segments,
)


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names as before, after the test."""
    for constant in ("_SHM_NAME_PREFIX", "_SHM_SAFE_NAME_LENGTH"):
        monkeypatch.setattr(shared_memory, constant, getattr(shared_memory, constant))
    name_segments()


def test_segments_are_known_by_their_process() -> None:
    segment = shared_memory.SharedMemory(create=True, size=1 << 20)
    assert segment.name.startswith(f"snn{os.getpid()}_")
    assert held_bytes() == 0  # nothing is taken before it is written
    segment.buf[: 1 << 19] = bytes(range(256)) * 2048
    assert held_bytes() == 1 << 19
    remove_segments()
    assert not Path("/dev/shm", segment.name).exists()
    assert held_bytes() == 0
    segment.close()


def test_too_little_shared_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    segment = shared_memory.SharedMemory(create=True, size=3_000_000)
    check_room()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000))
    with pytest.raises(OSError, match=r"needs 3 MB .* has 2 MB free; accepted: less than that"):
        check_room()
    segment.close()
    segment.unlink()


def test_memory_of_children_counts_and_what_is_shared_counts_once() -> None:
    shared = np.ones(8_000_000)  # 64 MB

    def child(ready: "multiprocessing.synchronize.Barrier") -> None:
        own = np.ones(4_000_000)  # 32 MB
        ready.wait()
        ready.wait()
        assert own.all()
        assert shared.all()

    fork = multiprocessing.get_context("fork")
    before = PeakMemory()
    before.look()
    ready = fork.Barrier(3)
    children = [fork.Process(target=child, args=(ready,)) for _ in range(2)]
    for process in children:
        process.start()
    ready.wait()
    with PeakMemory() as during:
        during.look()
    ready.wait()
    for process in children:
        process.join()
    assert 64e6 < during.memory_bytes - before.memory_bytes < 64e6 + 64e6

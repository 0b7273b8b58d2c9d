"""Freed memory stays with the process."""

import platform
import subprocess
import sys

import pytest

from snn_depth.training import allocator

PROGRAM = """
import resource
import numpy as np
from snn_depth.training.allocator import disable_memory_trimming

def page_faults_per_round(rounds=5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        np.ones(2**23)  # 64 MiB
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / rounds

page_faults_per_round()
default = page_faults_per_round()
assert disable_memory_trimming()
page_faults_per_round(20)  # the heap grows until aligned blocks fit into what was freed
print(default, page_faults_per_round())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_a_large_array_is_not_fetched_from_the_system_again() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    default, kept = map(float, result.stdout.split())
    assert default > 100 * kept


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: object())
    assert not allocator.disable_memory_trimming()

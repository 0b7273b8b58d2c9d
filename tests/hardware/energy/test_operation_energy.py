import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.energy.constant import load_constants
from hardware.energy.operation_energy import (
    KIB,
    addition_pj,
    address_bits,
    bits_to_count,
    memory_pj,
    multiplication_pj,
)

NM45 = load_constants("nm45").values


def test_published_points() -> None:
    assert addition_pj(8, NM45) == pytest.approx(0.03)
    assert addition_pj(32, NM45) == pytest.approx(0.1)
    assert multiplication_pj(8, 8, NM45) == pytest.approx(0.2)
    # The product of widths is our rule; the published point it does not rest on is near.
    assert multiplication_pj(32, 32, NM45) == pytest.approx(3.1, rel=0.04)
    for kib, energy_pj in ((8, 10), (32, 20), (1024, 100)):
        assert memory_pj(64, kib * KIB, NM45) == pytest.approx(energy_pj)


def test_between_and_beyond_the_points() -> None:
    assert addition_pj(20, NM45) == pytest.approx(0.065)  # the middle of 0.03 and 0.1
    assert multiplication_pj(8, 4, NM45) == pytest.approx(0.1)
    assert memory_pj(64, 16 * KIB, NM45) == pytest.approx(math.sqrt(10 * 20))
    assert memory_pj(64, 1, NM45) == pytest.approx(10)
    # 32 KiB to 1 MiB is 5 times the energy, so the next factor of 32 is, too.
    assert memory_pj(64, 32 * KIB * KIB, NM45) == pytest.approx(500)
    assert memory_pj(64, 1e15, NM45) == pytest.approx(1300)


def test_access_width() -> None:
    """A word costs its share of the bits of an access; read as 32 bit wide, all costs double."""
    assert memory_pj(8, 8 * KIB, NM45) == pytest.approx(1.25)
    narrow = {**NM45, "sram_access_bits": 32}
    assert memory_pj(8, 100 * KIB, narrow) == pytest.approx(2 * memory_pj(8, 100 * KIB, NM45))


@given(st.floats(1, 1e9), st.floats(1, 1e9))
def test_larger_memories_cost_more(one: float, other: float) -> None:
    energies = [memory_pj(32, size, NM45) for size in sorted((one, other))]
    assert energies[0] <= energies[1] * (1 + 1e-12)


def test_draws_of_constants() -> None:
    columns = {name: np.array([[value], [2 * value]]) for name, value in NM45.items()}
    energy = memory_pj(8, 100 * KIB, columns) + addition_pj(24, columns)
    assert np.shape(energy) == (2, 1)
    assert np.squeeze(energy)[0] == memory_pj(8, 100 * KIB, NM45) + addition_pj(24, NM45)


@pytest.mark.parametrize("largest", [1, 2, 3, 4, 7, 8, 16, 31, 32, 128])
def test_bits(largest: int) -> None:
    assert bits_to_count(largest) == math.ceil(math.log2(largest + 1))
    assert address_bits(largest) == max(1, math.ceil(math.log2(largest)))


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match="0 bytes; accepted: more than 0"):
        memory_pj(8, 0, NM45)
    with pytest.raises(ValueError, match="to count is 0; accepted: 1 or more"):
        bits_to_count(0)

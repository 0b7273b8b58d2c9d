"""Energy of one addition, multiplication or memory access, as a function of widths and sizes.

Constants are those of `constants/nm45.toml`, M. Horowitz, ISSCC 2014, which gives a few points;
between them:

- an addition is linear in its width (a ripple of full adders), through the points at 8 and 32 bit;
- a multiplication grows with the product of both widths (the number of partial products). The rule
  is anchored at 8 x 8 bit and meets the published point at 32 x 32 bit within 4 %;
- an access to a memory follows a power of its size between two points, about its square root, as
  the length of its wires does. Below the smallest point nothing is known: it is kept. Above the
  largest the last power goes on, and DRAM is the upper end;
- of an access, a word costs its share of the bits that are moved.
"""

import math

import numpy as np

from hardware.energy.constant import Amount, Values

KIB = 1024
_SRAM_POINTS = ((8 * KIB, "sram_8kib_pj"), (32 * KIB, "sram_32kib_pj"), (KIB * KIB, "sram_1mib_pj"))
_DRAM_ACCESS_BITS = 64


def addition_pj(num_bits: float, values: Values) -> Amount:
    """Energy of an integer addition, in pJ."""
    per_bit = (values["int32_add_pj"] - values["int8_add_pj"]) / (32 - 8)
    return values["int8_add_pj"] + (num_bits - 8) * per_bit


def multiplication_pj(num_bits: float, other_num_bits: float, values: Values) -> Amount:
    """Energy of an integer multiplication, in pJ."""
    return values["int8_multiply_pj"] * (num_bits * other_num_bits / (8 * 8))


def memory_pj(num_bits: float, memory_bytes: float, values: Values) -> Amount:
    """Energy of reading or writing a word, in pJ. Both cost the same."""
    if memory_bytes <= 0:
        raise ValueError(f"the memory has {memory_bytes} bytes; accepted: more than 0")
    size = max(memory_bytes, _SRAM_POINTS[0][0])
    below, above = _SRAM_POINTS[:2] if size <= _SRAM_POINTS[1][0] else _SRAM_POINTS[1:]
    share = math.log(size / below[0]) / math.log(above[0] / below[0])
    access_pj = values[below[1]] ** (1 - share) * values[above[1]] ** share
    sram_pj = access_pj / values["sram_access_bits"]
    per_bit: Amount = np.minimum(sram_pj, values["dram_pj"] / _DRAM_ACCESS_BITS)
    return num_bits * per_bit


def bits_to_count(largest: int) -> int:
    """Bits that hold the whole numbers from 0 to `largest`: ceil(log2(largest + 1)).

    `largest` is T for the spikes of a neuron in T steps: activations of so many bits carry as much
    as its spike count does, so a conventional network with them is the fair counterpart
    (Yan et al., arXiv 2409.08290).
    """
    if largest < 1:
        raise ValueError(f"the largest number to count is {largest}; accepted: 1 or more")
    return largest.bit_length()


def address_bits(num_words: int) -> int:
    """Bits that tell so many words apart, at least one."""
    return bits_to_count(max(num_words - 1, 1))

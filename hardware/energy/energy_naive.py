"""The usual paper number: arithmetic in 45 nm and nothing else. For comparability only.

Additions for spikes, multiply-accumulates for graded values, at Horowitz's prices (4.6 and 0.9 pJ
in fp32). Weights, membranes and spikes are free in it, although moving them is nearly all of the
energy; on PilotNet-LIF it is 25 times below what the chip was measured to take.
"""

from typing import Literal, get_args

import numpy as np

from hardware.counts.event_counts import EventCounts
from hardware.energy.constant import Amount, FloatArray, Values

LABEL = "comparability only: arithmetic in 45 nm; no memory, no routing, no updates"

Arithmetic = Literal["fp32", "fp16", "int32", "int8"]


def accumulate_pj(arithmetic: Arithmetic, values: Values) -> Amount:
    """Energy of an addition (AC), in pJ."""
    _check(arithmetic)
    return values[f"{arithmetic}_add_pj"]


def multiply_accumulate_pj(arithmetic: Arithmetic, values: Values) -> Amount:
    """Energy of a multiplication and an addition (MAC), in pJ."""
    return accumulate_pj(arithmetic, values) + values[f"{arithmetic}_multiply_pj"]


def naive_energy_pj(
    counts: EventCounts, arithmetic: Arithmetic, values: Values, *, skips_zeros: bool
) -> FloatArray:
    """Energy of the arithmetic in pJ, per sample: (B,), or (draws, B).

    Args:
        skips_zeros: Whether graded values of zero cost nothing. A dense machine, the usual
            assumption for a conventional network, multiplies by them too.
    """
    macs_B = counts.macs_B.astype(np.float64)
    if not skips_zeros:
        edges = [edge for layer in counts.layers for edge in layer.edges if edge.graded]
        macs_B[:] = sum(edge.num_synapses for edge in edges) * counts.num_steps
    additions_B = (counts.accumulations_B + counts.binning_TB.sum(0)).astype(np.float64)
    additions_pj: FloatArray = additions_B * accumulate_pj(arithmetic, values)
    macs_pj: FloatArray = macs_B * multiply_accumulate_pj(arithmetic, values)
    return additions_pj + macs_pj


def _check(arithmetic: str) -> None:
    if arithmetic not in get_args(Arithmetic):
        raise ValueError(
            f"arithmetic is {arithmetic!r}; accepted: {', '.join(get_args(Arithmetic))}"
        )

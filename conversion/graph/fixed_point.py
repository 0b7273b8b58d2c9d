"""Number ranges of Loihi's fixed-point LIF neuron and its synapses, as Lava 0.10 documents them.

Lava enforces few of them (``lava.proc.lif.process.LIF``, ``lava.proc.dense``), so the project does.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

STATE_BITS = 24  # synaptic current and membrane, signed
STATE_LIMIT = 1 << (STATE_BITS - 1)
DECAY_UNIT = 1 << 12  # decays are in units of 1 / DECAY_UNIT
WEIGHT_SHIFT = 6  # one unit of a weight or threshold is 2**6 units of the membrane
MAX_DECAY = DECAY_UNIT - 1
MAX_THRESHOLD = (1 << 17) - 1
MIN_BIAS, MAX_BIAS = -(1 << 12), (1 << 12) - 1
MAX_BIAS_EXP = 7
MIN_WEIGHT, MAX_WEIGHT = -256, 255
MIN_WEIGHT_EXP, MAX_WEIGHT_EXP = 0, 7


def check_neuron_ranges(
    decay_u: float, decay_v: float, v_threshold: float, bias: npt.NDArray[Any], bias_exp: int
) -> None:
    """Refuse what a neuron on the chip cannot hold.

    Raises:
        ValueError: Naming the value and its range.
    """
    _check("decay_u", decay_u, 0, MAX_DECAY)
    _check("decay_v", decay_v, 0, MAX_DECAY)
    _check("v_threshold", v_threshold, 0, MAX_THRESHOLD)
    _check("bias", bias, MIN_BIAS, MAX_BIAS)
    _check("bias_exp", bias_exp, 0, MAX_BIAS_EXP)


def check_edge_ranges(source: str, weight: npt.NDArray[Any], weight_exp: int) -> None:
    """Refuse what a synapse on the chip cannot hold.

    Raises:
        ValueError: Naming the edge, the value and its range.
    """
    _check(f"weight of the edge from {source!r}", weight, MIN_WEIGHT, MAX_WEIGHT)
    _check(f"weight_exp of the edge from {source!r}", weight_exp, MIN_WEIGHT_EXP, MAX_WEIGHT_EXP)


def _check(what: str, values: npt.ArrayLike, low: int, high: int) -> None:
    array = np.asarray(values)
    wrong = ~((array >= low) & (array <= high) & (array == np.floor(array)))
    if np.any(wrong):
        raise ValueError(f"{what} is {array[wrong][0]}; accepted: integers {low}..{high}")

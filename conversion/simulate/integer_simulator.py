"""The integer graph, bit for bit as Loihi's fixed-point LIF neuron: the project's golden model.

    u <- decay(u, decay_u + 1) + (input << 6)     wrapped to 24 bits, signed
    v <- decay(v, decay_v) + u + (bias << bias_exp)    clipped to +-(2**23 - 1)
    spike where v > v_threshold << 6 (strictly), and there v <- 0
    decay(z, d) = sign(z) (|z| (4096 - d) >> 12), rounded toward zero

(``lava.proc.lif.models.PyLifModelBitAcc``, Lava 0.10.) A readout clips alike but never fires.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.fixed_point import DECAY_UNIT, STATE_LIMIT, WEIGHT_SHIFT
from conversion.graph.inputs import Inputs
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.simulate.simulation import NeuronModel, Trace, run_aligned, run_pipelined
from conversion.simulate.synapses import exact_dtype

Array = npt.NDArray[Any]
Int32 = npt.NDArray[np.int32]


def wrap(values: npt.NDArray[np.signedinteger[Any]]) -> Int32:
    """Keep the low 24 bits of integers, as a signed number -2**23..2**23 - 1."""
    wrapped: Int32 = (((values + STATE_LIMIT) & (2 * STATE_LIMIT - 1)) - STATE_LIMIT).astype(
        np.int32
    )
    return wrapped


def decay(state: Int32, loss: int) -> Int32:
    """What is left of 24-bit integers after losing `loss` / 4096, rounded toward zero."""
    # The product has at most 36 bits: exact in float64, which is the fastest way to form it.
    left: Int32 = np.trunc(state * ((DECAY_UNIT - loss) / DECAY_UNIT)).astype(np.int32)
    return left


class IntegerNeurons:
    """Neurons of a layer of an integer graph; see `conversion.simulate.simulation.Neurons`."""

    def __init__(self, layer: Layer, num_samples: int) -> None:
        self.layer = layer
        self.v_BCHW: Int32 = np.zeros((num_samples, *layer.shape), np.int32)
        self._u_BCHW = np.zeros_like(self.v_BCHW)
        self._loss_u, self._loss_v = int(layer.decay_u) + 1, int(layer.decay_v)
        self._bias_CHW = layer.bias_CHW.astype(np.int32) << layer.bias_exp
        self._threshold = int(layer.v_threshold) << WEIGHT_SHIFT if layer.fires else STATE_LIMIT

    def reset(self) -> None:
        """Back to rest."""
        self.v_BCHW = np.zeros_like(self.v_BCHW)
        self._u_BCHW = np.zeros_like(self.v_BCHW)

    def step(self, current_BCHW: Array) -> npt.NDArray[np.bool_]:
        """Advance by a step."""
        current = current_BCHW.astype(np.int64)
        if self.layer.kind == "input_lif":
            bias = self._bias_CHW + (current << self.layer.bias_exp)
            current = np.zeros_like(current)
        else:
            bias = self._bias_CHW
        self._u_BCHW = wrap(decay(self._u_BCHW, self._loss_u) + (current << WEIGHT_SHIFT))
        v = decay(self.v_BCHW, self._loss_v) + self._u_BCHW + bias
        v = np.clip(v, 1 - STATE_LIMIT, STATE_LIMIT - 1)
        spikes: npt.NDArray[np.bool_] = v > self._threshold
        self.v_BCHW = np.where(spikes, 0, v).astype(np.int32)
        return spikes


_MODEL = NeuronModel(IntegerNeurons, exact_dtype)


def simulate(graph: LayerGraph, inputs: Inputs, *, record_membranes: bool = False) -> Trace:
    """Time-aligned: arguments, result and errors as `conversion.simulate.simulation.run_aligned`.

    Raises:
        ValueError: For a float graph or fractional inputs, too.
    """
    _check(graph, inputs)
    return run_aligned(graph, inputs, _MODEL, record_membranes=record_membranes)


def simulate_pipelined(
    graph: LayerGraph, inputs: Inputs, *, reset_period: int, record_membranes: bool = False
) -> Trace:
    """As on the chip: arguments, result and errors as `run_pipelined`.

    Raises:
        ValueError: For a float graph or fractional inputs, too.
    """
    _check(graph, inputs)
    return run_pipelined(
        graph,
        inputs,
        _MODEL,
        reset_period=reset_period,
        record_membranes=record_membranes,
    )


def _check(graph: LayerGraph, inputs: Inputs) -> None:
    if graph.arithmetic != "integer":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'integer'")
    arrays = inputs.values() if isinstance(inputs, Mapping) else [inputs]
    if not all(np.array_equal(array, np.trunc(array)) for array in arrays):
        raise ValueError("inputs are not whole numbers; accepted: spikes or counts")

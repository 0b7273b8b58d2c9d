"""The float graph in 64-bit floating point: Lava's floating-point LIF neuron.

    u <- (1 - decay_u) u + input
    v <- (1 - decay_v) v + u + bias
    spike where v > v_threshold (strictly), and there v <- 0

(``lava.proc.lif.models.PyLifModelFloat``, Lava 0.10). With decay_u = 1 it is the student's neuron.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.inputs import Inputs
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.simulate.simulation import NeuronModel, Trace, run_aligned, run_pipelined

Array = npt.NDArray[Any]


class FloatNeurons:
    """Neurons of a layer of a float graph; see `conversion.simulate.simulation.Neurons`."""

    def __init__(self, layer: Layer, num_samples: int) -> None:
        self.layer = layer
        self.v_BCHW = np.zeros((num_samples, *layer.shape))
        self._u_BCHW = np.zeros_like(self.v_BCHW)

    def reset(self) -> None:
        """Back to rest."""
        self.v_BCHW = np.zeros_like(self.v_BCHW)
        self._u_BCHW = np.zeros_like(self.v_BCHW)

    def step(self, current_BCHW: Array) -> npt.NDArray[np.bool_]:
        """Advance by a step."""
        bias: Array = self.layer.bias_CHW
        if self.layer.kind == "input_lif":
            bias, current_BCHW = bias + current_BCHW, np.zeros_like(current_BCHW)
        self._u_BCHW = (1 - self.layer.decay_u) * self._u_BCHW + current_BCHW
        v = (1 - self.layer.decay_v) * self.v_BCHW + self._u_BCHW + bias
        spikes: npt.NDArray[np.bool_] = (v > self.layer.v_threshold) & self.layer.fires
        self.v_BCHW = np.where(spikes, 0.0, v)
        return spikes


def _float64(largest_current: float) -> npt.DTypeLike:
    return np.float64


_MODEL = NeuronModel(FloatNeurons, _float64)


def simulate(graph: LayerGraph, inputs: Inputs, *, record_membranes: bool = False) -> Trace:
    """Time-aligned: arguments, result and errors as `conversion.simulate.simulation.run_aligned`.

    Raises:
        ValueError: For an integer graph, too.
    """
    _check_arithmetic(graph)
    return run_aligned(graph, inputs, _MODEL, record_membranes=record_membranes)


def simulate_pipelined(
    graph: LayerGraph, inputs: Inputs, *, reset_period: int, record_membranes: bool = False
) -> Trace:
    """As on the chip: arguments, result and errors as `run_pipelined`.

    Raises:
        ValueError: For an integer graph, too.
    """
    _check_arithmetic(graph)
    return run_pipelined(
        graph,
        inputs,
        _MODEL,
        reset_period=reset_period,
        record_membranes=record_membranes,
    )


def _check_arithmetic(graph: LayerGraph) -> None:
    if graph.arithmetic != "float":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'float'")

"""An edge as Lava processes: synapses, and a line that delays what comes to them."""

from dataclasses import dataclass

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.utils.weightutils import SignMode

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Shape
from conversion.lava_runtime.lava_run import SynapseKind
from conversion.lava_runtime.layout import conv_weight, dense_weight
from conversion.lava_runtime.processes.delay_line import DelayLine
from conversion.lava_runtime.processes.fast_synapses import FastSynapses
from conversion.simulate.synapses import Synapses, exact_dtype, largest_current


@dataclass(frozen=True)
class Wiring:
    """How the layers of a graph are joined.

    Attributes:
        synapses: "stock" for Lava's own ``Conv`` and ``Dense`` where an edge is one, "fast" for
            `FastSynapses`, which always computes transposed convolutions.
        largest_input: Largest absolute value that the graph's input sends.
    """

    graph: LayerGraph
    synapses: SynapseKind
    largest_input: float

    def connect(self, source: OutPort, edge: Edge, layer: Layer, target: InPort) -> None:
        """Make an edge; `target` receives the currents a step (and the edge's delay) later."""
        source_shape = self.graph.shapes[edge.source]
        if edge.delay:
            line = DelayLine(shape=source_shape, delay=edge.delay)
            source.connect(line.s_in)
            source = line.s_out
        is_integer = self.graph.arithmetic == "integer"
        is_input = edge.source in self.graph.inputs
        # Lava's synapses count a message of 0 bits as one spike, and any other at its value.
        num_message_bits = 24 if is_input else 0
        if self.synapses == "fast" or edge.kind == "conv_transpose":
            largest = largest_current(edge, self.largest_input if is_input else 1.0)
            dtype = exact_dtype(largest) if is_integer else np.float64
            fast = FastSynapses(
                synapses=Synapses(edge, layer.shape, dtype), source_shape=source_shape
            )
            source.connect(fast.s_in)
            fast.a_out.connect(target)
        elif edge.kind == "conv":
            conv = _stock_conv(edge, source_shape, is_integer, num_message_bits)
            source.connect(conv.s_in)
            conv.a_out.connect(target)
        else:
            shapes = source_shape, layer.shape
            for dense in _stock_dense(edge, *shapes, is_integer, num_message_bits):
                source.flatten().connect(dense.s_in)
                dense.a_out.reshape(layer.shape[::-1]).connect(target)


def _stock_conv(edge: Edge, source_shape: Shape, is_integer: bool, num_message_bits: int) -> Conv:
    # Conv ignores its exponent of the weights.
    weight = edge.scaled_weight
    return Conv(
        weight=conv_weight(weight.astype(np.int32) if is_integer else weight),
        input_shape=source_shape[::-1],
        stride=edge.stride[::-1],
        padding=edge.padding[::-1],
        dilation=edge.dilation[::-1],
        groups=edge.groups,
        num_message_bits=num_message_bits,
    )


def _stock_dense(
    edge: Edge,
    source_shape: Shape,
    target_shape: Shape,
    is_integer: bool,
    num_message_bits: int,
) -> list[Dense]:
    if not is_integer:
        weights = dense_weight(edge.scaled_weight, source_shape, target_shape)
        return [Dense(weights=weights, num_message_bits=num_message_bits)]
    weights = dense_weight(edge.weight.astype(np.int32), source_shape, target_shape)
    # Weights of both signs lose their lowest bit on the chip, so it gets synapses of its own.
    lowest = weights & 1
    parts = [(weights - lowest, SignMode.MIXED)]
    if lowest.any():
        parts.append((lowest, SignMode.EXCITATORY))
    return [
        Dense(
            weights=part,
            sign_mode=sign_mode,
            weight_exp=edge.weight_exp,
            num_message_bits=num_message_bits,
        )
        for part, sign_mode in parts
    ]

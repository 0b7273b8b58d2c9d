"""Write float graphs as ONNX: one time step, the state handed in and out.

Equations and order are those of `conversion.float_simulator`, in 32-bit floating point. Layers run
time-aligned, all at the same step, so that the delays which balance the pipeline on a chip are left
out. Inputs are ``counts`` (B, C, H, W) and the state of every layer, ``<layer>_v`` (and
``<layer>_u`` where currents last), zeros at the start of a sample; outputs are the next state,
``<layer>_v_next`` (and ``<layer>_u_next``), and ``<layer>_spikes``. A readout's membrane is its
output.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from conversion.layer_graph import INPUT, Edge, Layer, LayerGraph, Shape
from snn_depth.atomic import atomic_path

COUNTS = "counts"
_OPSET, _IR_VERSION = 17, 8  # of 2022: what is used here has been the same since


def write_onnx(path: Path, graph: LayerGraph, metadata: Mapping[str, str] | None = None) -> None:
    """Write one time step of a graph.

    Args:
        path: File to write, whole or not at all.
        graph: Float graph with balanced delays.
        metadata: Stored in the model's ``metadata_props``.

    Raises:
        ValueError: For an integer graph, or delays that are not balanced.
    """
    model = to_onnx(graph)
    helper.set_model_props(model, dict(metadata or {}))
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)


def to_onnx(graph: LayerGraph) -> onnx.ModelProto:
    """One time step of a graph, for any batch size.

    Args:
        graph: Float graph with balanced delays.

    Returns:
        The checked model.

    Raises:
        ValueError: For an integer graph, or delays that are not balanced.
    """
    if graph.arithmetic != "float":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'float'")
    if graph.early_edges:
        source, target = next(iter(graph.early_edges))
        raise ValueError(
            f"layer {target!r}: what comes from {source!r} arrives early; balance the delays first"
        )
    step = _Step()
    step.inputs.append(_value(COUNTS, graph.input_shape))
    for layer in graph.layers:
        step.add_layer(layer, graph.shapes)
    drawn = helper.make_graph(
        step.nodes, "one_time_step", step.inputs, step.outputs, step.constants
    )
    model = helper.make_model(
        drawn, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="snn-depth"
    )
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


class _Step:
    """The ONNX graph as far as it is drawn."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add_layer(self, layer: Layer, shapes: Mapping[str, Shape]) -> None:
        """``u``, ``v`` before the threshold, spikes, and ``v`` after the reset."""
        name = layer.name
        summands = [COUNTS]  # what is added to the membranes of input neurons
        if layer.kind != "input_lif":
            summands = [self._current(layer, shapes)]
        if layer.bias is not None:
            summands.append(self._constant(f"{name}_bias", layer.bias_CHW))
        v_next = f"{name}_v_next"
        keep = self._constant(f"{name}_keep_v", 1 - layer.decay_v)
        v = self._add("Mul", self._state(layer, "v"), keep)
        for summand in summands:
            is_last = summand == summands[-1] and not layer.fires
            v = self._add("Add", v, summand, name=v_next if is_last else "")
        self.outputs.append(_value(v_next, layer.shape))
        if not layer.fires:
            return
        threshold = self._constant(f"{name}_threshold", layer.v_threshold)
        fired = self._add("Greater", v, threshold)
        self._add("Where", fired, self._constant(f"{name}_rest", 0.0), v, name=v_next)
        spikes = self._add("Cast", fired, name=f"{name}_spikes", to=TensorProto.FLOAT)
        self.outputs.append(_value(spikes, layer.shape))

    def _current(self, layer: Layer, shapes: Mapping[str, Shape]) -> str:
        """The sum of all edges, or what is left of earlier sums with it."""
        total = ""
        for edge in layer.edges:
            arriving = self._synapses(edge, layer, shapes[edge.source])
            total = self._add("Add", total, arriving) if total else arriving
        if layer.decay_u == 1:
            return total
        keep = self._constant(f"{layer.name}_keep_u", 1 - layer.decay_u)
        kept = self._add("Mul", self._state(layer, "u"), keep)
        u = self._add("Add", kept, total, name=f"{layer.name}_u_next")
        self.outputs.append(_value(u, layer.shape))
        return u

    def _synapses(self, edge: Edge, layer: Layer, source_shape: Shape) -> str:
        """What arrives through an edge, (B, C, H, W)."""
        name = f"{edge.source}_to_{layer.name}"
        x = COUNTS if edge.source == INPUT else f"{edge.source}_spikes"
        if edge.kind == "dense":
            weight = self._constant(f"{name}_weight", edge.scaled_weight.T)
            product = self._add("MatMul", self._add("Flatten", x, axis=1), weight)
            shape = numpy_helper.from_array(np.array([-1, *layer.shape]), f"{name}_shape")
            self.constants.append(shape)
            return self._add("Reshape", product, shape.name)
        (pad_y, pad_x), kind = edge.padding, "Conv" if edge.kind == "conv" else "ConvTranspose"
        return self._add(
            kind,
            x,
            self._constant(f"{name}_weight", edge.scaled_weight),
            kernel_shape=edge.weight.shape[2:],
            strides=edge.stride,
            pads=(pad_y, pad_x, pad_y, pad_x),
            dilations=edge.dilation,
            group=edge.groups,
        )

    def _state(self, layer: Layer, part: str) -> str:
        name = f"{layer.name}_{part}"
        self.inputs.append(_value(name, layer.shape))
        return name

    def _constant(self, name: str, values: npt.ArrayLike) -> str:
        array = np.ascontiguousarray(values, dtype=np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Append a node; the name of what it returns."""
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def _value(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

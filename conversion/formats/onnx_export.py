"""A step of a float graph as an ONNX model, with its state as inputs and outputs.

Inputs, float32 (or float64): ``counts`` (B, C, H, W), what the input sends in this step, or
``counts_<input>`` each where there are several; ``<layer>_v`` and, where a synaptic current is
kept, ``<layer>_u``, the state before the step: zeros at the first step of a sample. The batch size
B is free.

Outputs: ``<layer>_v_next`` and ``<layer>_u_next``, the state for the next step, of a readout its
result; ``<layer>_spikes``, bool, of every firing layer. Only those asked for need be fetched.

A step is time-aligned: the input passes through all layers within it, and synaptic delays, which
only balance the chip's pipeline, do nothing. The equations are those of
`float_simulator`. ONNX Runtime 1.31 convolves in float32 only (on the CPU); a float64
model is for ONNX's own reference implementation.

Metadata: ``layers`` (JSON: name, kind, shape, decay_u, decay_v, v_threshold), ``operation``,
``provenance`` (JSON) and, where a student's readout is in the graph, ``depth`` (JSON): how it is
decoded, which is not part of the model.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Shape
from snn_depth.files.atomic import atomic_path
from snn_depth.models.graph import READOUT

# Of 2021: what runs it need not be new.
OPSET, IR_VERSION = 15, 8

COUNTS = "counts"

_OPERATION = (
    "one time step, time-aligned: spikes pass through all layers within the step; all state is 0 "
    "at the first step of a sample; a neuron fires strictly above its threshold and is reset to 0"
)

_DEPTH = (
    "x = readout_v_next decay_v / (1 - (1 - decay_v)^t) after t steps, bilinearly upsampled to the "
    "pixels of the input (rows and columns of padding are at the end); depth_m = 1 / (a "
    "softplus(x[:, 0]) + b), clipped to min_depth_m..max_depth_m, with b = 1 / max_depth_m and "
    "a = (1 / sqrt(min_depth_m max_depth_m) - b) / ln 2; uncertainty = sigmoid(x[:, 1])"
)


def write_onnx(
    path: Path,
    graph: LayerGraph,
    provenance: Mapping[str, Any] | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> None:
    """Write a step of a graph as ONNX, whole or not at all.

    Raises:
        ValueError: As `onnx_model`.
    """
    model = onnx_model(graph, provenance, dtype)
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)


def onnx_model(
    graph: LayerGraph,
    provenance: Mapping[str, Any] | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> onnx.ModelProto:
    """The model of a step.

    Args:
        provenance: Where it comes from, anything that JSON can hold; of an artifact.

    Raises:
        ValueError: For an integer graph, whose wrapping and rounding ONNX has not, or for another
            dtype.
    """
    if graph.arithmetic != "float":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'float'")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype is {np.dtype(dtype)}; accepted: float32, float64")
    step = _Step(graph, np.dtype(dtype))
    for layer in graph.layers:
        step.add_layer(layer)
    model = helper.make_model(
        helper.make_graph(step.nodes, "step", step.inputs, step.outputs, step.constants),
        producer_name="snn-depth",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, _metadata(graph, provenance or {}))
    return model


class _Step:
    """The parts of the model, gathered layer by layer.

    Attributes:
        nodes: Operations, each after those it depends on.
    """

    def __init__(self, graph: LayerGraph, dtype: np.dtype[Any]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._dtype = dtype
        self._type = helper.np_dtype_to_tensor_dtype(dtype)
        self._sent = {name: f"{COUNTS}_{name}" for name in graph.inputs}
        if len(graph.inputs) == 1:
            self._sent = {graph.only_input: COUNTS}
        self.inputs = [
            self._tensor(self._sent[name], shape, self._type)
            for name, shape in graph.inputs.items()
        ]

    def add_layer(self, layer: Layer) -> None:
        """Add a layer's synapses and neurons."""
        name = layer.name
        current = self._current(layer)
        if layer.decay_u != 1 and layer.kind != "input_lif":  # whose input is a bias
            kept = self._kept(layer, "u", layer.decay_u)
            current = self._op("Add", kept, current, output=self._result(layer, "u_next"))
        v = self._op("Add", self._kept(layer, "v", layer.decay_v), current)
        bias = self._constant(f"{name}/bias", layer.bias_CHW[None])
        v_next = self._result(layer, "v_next")
        if not layer.fires:
            self._op("Add", v, bias, output=v_next)
            return
        v = self._op("Add", v, bias)
        threshold = self._constant(f"{name}/v_threshold", layer.v_threshold)
        spikes = self._result(layer, "spikes", TensorProto.BOOL)
        self._op("Greater", v, threshold, output=spikes)
        self._op("Where", spikes, self._constant(f"{name}/v_reset", 0), v, output=v_next)
        self._sent[name] = self._op("Cast", spikes, to=self._type)

    def _current(self, layer: Layer) -> str:
        """What arrives at a layer: the sum over its edges, or the input itself."""
        if not layer.edges:
            return COUNTS
        first, *others = (
            self._arriving(edge, layer, f"{layer.name}/weight_{index}")
            for index, edge in enumerate(layer.edges)
        )
        for other in others:
            first = self._op("Add", first, other)
        return first

    def _arriving(self, edge: Edge, layer: Layer, weight_name: str) -> str:
        source = self._sent[edge.source]
        if edge.kind == "dense":
            weight = self._constant(weight_name, edge.scaled_weight.T)
            flat = self._op("MatMul", self._op("Flatten", source), weight)
            grid = np.array([0, *layer.shape])  # 0: as many as there are
            return self._op("Reshape", flat, self._constant(f"{weight_name}/grid", grid, np.int64))
        return self._op(
            "Conv" if edge.kind == "conv" else "ConvTranspose",
            source,
            self._constant(weight_name, edge.scaled_weight),
            kernel_shape=edge.weight.shape[2:],
            strides=edge.stride,
            pads=[*edge.padding, *edge.padding],
            dilations=edge.dilation,
            group=edge.groups,
        )

    def _kept(self, layer: Layer, state: str, decay: float) -> str:
        """What is left of a state after a step; the state is an input."""
        name = f"{layer.name}_{state}"
        self.inputs.append(self._tensor(name, layer.shape, self._type))
        return self._op("Mul", name, self._constant(f"{name}/kept", 1 - decay))

    def _result(self, layer: Layer, what: str, kind: int | None = None) -> str:
        """Name of an output of the layer's shape."""
        name = f"{layer.name}_{what}"
        self.outputs.append(self._tensor(name, layer.shape, kind or self._type))
        return name

    def _op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        array = np.ascontiguousarray(value, dtype or self._dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _tensor(self, name: str, shape: Shape, kind: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, ["B", *shape])


def _metadata(graph: LayerGraph, provenance: Mapping[str, Any]) -> dict[str, str]:
    layers = [
        {
            "name": layer.name,
            "kind": layer.kind,
            "shape": layer.shape,
            "decay_u": layer.decay_u,
            "decay_v": layer.decay_v,
            "v_threshold": layer.v_threshold if layer.fires else None,
        }
        for layer in graph.layers
    ]
    metadata = {
        "layers": json.dumps(layers),
        "operation": _OPERATION,
        "provenance": json.dumps(dict(provenance)),
    }
    if READOUT in graph.shapes and "depth_range_m" in provenance:
        nearest, farthest = provenance["depth_range_m"]
        constants = {"min_depth_m": nearest, "max_depth_m": farthest}
        constants["decay_v"] = graph[READOUT].decay_v
        metadata["depth"] = json.dumps({"formula": _DEPTH, **constants})
    return metadata

"""Write networks for lava-dl: ``.net`` files that its ``netx`` and `netx_file` load."""

import math
from pathlib import Path

import h5py
import numpy as np

from conversion.formats.netx_file import InputTransform, NetxNetwork
from conversion.graph.fixed_point import MAX_THRESHOLD, WEIGHT_SHIFT
from conversion.graph.layer_graph import Edge, Layer, Shape
from snn_depth.files.atomic import atomic_path


def write_netx(path: Path, network: NetxNetwork) -> None:
    """Write a chain: every layer receives from the one before it, by one edge, without delay.

    A readout is written as Intel's PilotNet has it, as neurons with the largest threshold.

    Args:
        network: Integer graph; without an input transform, an input_lif layer gets a neutral one.

    Raises:
        ValueError: For anything that the format cannot hold, with the layer's name: several inputs,
            too.
    """
    graph = network.graph
    if graph.arithmetic != "integer":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'integer'")
    before = graph.only_input
    for layer in graph.layers:
        _check(layer, before)
        before = layer.name
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        layers = file.create_group("layer")
        _write_type(_append(layers), "input", graph.input_shape)
        shape = graph.input_shape
        for layer in graph.layers:
            if layer.kind == "input_lif":
                transform = network.input_transform or InputTransform(1, 0)
                layers["0"]["weight"], layers["0"]["bias"] = transform.weight, transform.bias
                _write_neurons(layers["0"], layer)
                continue
            if layer.edges[0].kind == "dense" and shape[1:] != (1, 1):
                _write_type(_append(layers), "flatten", (1, 1, math.prod(shape)))
            _write_layer(_append(layers), layer, layer.edges[0])
            shape = layer.shape


def _check(layer: Layer, before: str) -> None:
    where = f"layer {layer.name!r}: a .net file cannot hold"
    if layer.bias_exp != WEIGHT_SHIFT and (layer.bias is not None or layer.kind == "input_lif"):
        raise ValueError(f"{where} bias exponent {layer.bias_exp}; accepted: {WEIGHT_SHIFT}")
    if layer.kind == "input_lif":
        if layer.bias is not None:
            raise ValueError(f"{where} biases beside the input; accepted: none")
        return
    sources = [edge.source for edge in layer.edges]
    if sources != [before]:
        raise ValueError(f"{where} edges from {sources}; accepted: one, from {before!r}")
    edge = layer.edges[0]
    if edge.kind == "conv_transpose":
        raise ValueError(f"{where} a transposed convolution; accepted: conv, dense")
    if edge.delay or edge.weight_exp:
        raise ValueError(f"{where} delays or weight exponents; accepted: 0")
    if layer.bias is not None and layer.bias.ndim != 1 and edge.kind == "conv":
        raise ValueError(f"{where} a bias per neuron; accepted: per channel")


def _append(layers: h5py.Group) -> h5py.Group:
    return layers.create_group(str(len(layers)))


def _write_layer(group: h5py.Group, layer: Layer, edge: Edge) -> None:
    _write_type(group, edge.kind, layer.shape)
    group["weight"] = edge.weight.astype(np.float32)
    if layer.bias is not None:
        one_each = edge.kind == "dense"
        bias = np.broadcast_to(layer.bias_CHW, layer.shape) if one_each else layer.bias
        group["bias"] = bias.ravel().astype(np.float32)
    if edge.kind == "dense":
        group["outFeatures"], group["inFeatures"] = edge.weight.shape
    else:
        group["outChannels"] = edge.weight.shape[0]
        group["inChannels"] = edge.weight.shape[1] * edge.groups
        group["kernelSize"] = edge.weight.shape[2:]
        group["stride"], group["padding"] = edge.stride, edge.padding
        group["dilation"], group["groups"] = edge.dilation, edge.groups
    _write_neurons(group, layer)


def _write_type(group: h5py.Group, kind: str, shape: Shape) -> None:
    group["type"] = np.array([kind.encode()], "S10")
    group["shape"] = np.array(shape)


def _write_neurons(group: h5py.Group, layer: Layer) -> None:
    neuron = group.create_group("neuron")
    neuron["type"] = "LOIHI"
    neuron["iDecay"] = int(layer.decay_u) + 1
    neuron["vDecay"] = int(layer.decay_v)
    neuron["vThMant"] = int(layer.v_threshold) if layer.fires else MAX_THRESHOLD
    neuron["refDelay"], neuron["wgtExp"] = 1, 0

"""A layer graph as a group of an HDF5 file; what lava-dl's ``.net`` has too is named as there.

Attribute: arithmetic. Groups:

- ``port/<i>``, attributes name, shape, kind ("graded" or "binary"): the inputs
- ``layer/<i>``, attributes name, kind, scale, arrival_step, reset_offset, reset_interval: ``type``,
  ``shape``, ``bias`` where there is one
- ``layer/<i>/neuron``: ``type``; float: ``decay_u``, ``decay_v``, ``v_threshold``; integer:
  ``iDecay``, ``vDecay``, ``vThMant``, ``biasExp``, ``refDelay``
- ``layer/<i>/edge/<j>``, attributes source, kind: ``type``, ``weight``, ``weightExp``, ``delay``,
  and ``inChannels``, ``outChannels``, ``kernelSize``, ``stride``, ``padding``, ``dilation``,
  ``groups``, or, if dense, ``inFeatures``, ``outFeatures``

The arrival steps and resets follow from the edges; they are for readers other than this module.
Schema 2 had one input in place of the ports, graded, with the attribute input_shape.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import h5py
import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import (
    INPUT,
    Arithmetic,
    Edge,
    EdgeKind,
    Layer,
    LayerGraph,
    LayerKind,
    Pair,
    Shape,
)

PortKind = Literal["graded", "binary"]

_TYPES = {"conv": "conv", "conv_transpose": "convT", "dense": "dense"}


def write_graph(group: h5py.Group, graph: LayerGraph, reset_period: int) -> None:
    """Write `graph` into an empty group.

    Args:
        reset_period: Steps from the start of one sample to the start of the next; resets are
            noted in Lava's convention, whose first step is 1.
    """
    group.attrs["arithmetic"] = graph.arithmetic
    ports = group.create_group("port")
    for index, (name, shape) in enumerate(graph.inputs.items()):
        port = ports.create_group(str(index))
        port.attrs["name"], port.attrs["shape"] = name, shape
        port.attrs["kind"] = "binary" if name in graph.binary_inputs else "graded"
    reset_steps = graph.reset_steps(reset_period)
    layers = group.create_group("layer")
    for index, layer in enumerate(graph.layers):
        to = layers.create_group(str(index))
        to.attrs["name"], to.attrs["kind"], to.attrs["scale"] = layer.name, layer.kind, layer.scale
        to.attrs["arrival_step"] = graph.arrival_steps[layer.name]
        to.attrs["reset_offset"] = (reset_steps[layer.name] + 1) % reset_period
        to.attrs["reset_interval"] = reset_period
        kind = _TYPES[layer.edges[0].kind] if layer.edges else "input"
        to["type"] = np.array([kind.encode()], "S10")
        to["shape"] = layer.shape
        if layer.bias is not None:
            _write_array(to, "bias", layer.bias, graph.arithmetic == "integer")
        _write_neurons(to.create_group("neuron"), layer, graph.arithmetic == "integer")
        edges = to.create_group("edge")
        for number, edge in enumerate(layer.edges):
            _write_edge(edges.create_group(str(number)), edge, graph.arithmetic == "integer")


def read_graph(group: h5py.Group, binary_inputs: Iterable[str] = ()) -> LayerGraph:
    """The graph that `write_graph` has written.

    Args:
        binary_inputs: Inputs that carry spikes beyond those of which the group says so.

    Raises:
        KeyError: For a missing entry.
        OSError: For damaged data.
        ValueError: For an impossible graph, with the layer's name.
    """
    arithmetic = _one_of(group.attrs["arithmetic"], get_args(Arithmetic))
    layers = []
    for index in range(len(group["layer"])):
        entry = group["layer"][str(index)]
        edges = entry["edge"]
        layers.append(
            Layer(
                str(entry.attrs["name"]),
                _one_of(entry.attrs["kind"], get_args(LayerKind)),
                _triple(entry["shape"][()]),
                bias=entry["bias"][()] if "bias" in entry else None,
                edges=tuple(_read_edge(edges[str(number)]) for number in range(len(edges))),
                scale=float(entry.attrs["scale"]),
                **_read_neurons(entry["neuron"], arithmetic == "integer"),
            )
        )
    inputs, stored = _read_ports(group)
    return LayerGraph(inputs, tuple(layers), arithmetic, stored.union(binary_inputs))


def _read_ports(group: h5py.Group) -> tuple[dict[str, Shape], frozenset[str]]:
    if "port" not in group:  # schema 2
        return {INPUT: _triple(group.attrs["input_shape"])}, frozenset()
    ports = [group["port"][str(index)].attrs for index in range(len(group["port"]))]
    kinds = {str(port["name"]): _one_of(port["kind"], get_args(PortKind)) for port in ports}
    inputs = {str(port["name"]): _triple(port["shape"]) for port in ports}
    return inputs, frozenset(name for name, kind in kinds.items() if kind == "binary")


def _write_neurons(group: h5py.Group, layer: Layer, is_integer: bool) -> None:
    group["type"] = "LOIHI"
    if not is_integer:
        group["decay_u"], group["decay_v"] = float(layer.decay_u), float(layer.decay_v)
        group["v_threshold"] = float(layer.v_threshold)
        return
    group["iDecay"], group["vDecay"] = int(layer.decay_u) + 1, int(layer.decay_v)
    group["biasExp"], group["refDelay"] = layer.bias_exp, 1
    if layer.fires:
        group["vThMant"] = int(layer.v_threshold)


def _read_neurons(group: h5py.Group, is_integer: bool) -> dict[str, Any]:
    if not is_integer:
        return {key: float(group[key][()]) for key in ("decay_u", "decay_v", "v_threshold")}
    constants: dict[str, Any] = {
        "decay_u": int(group["iDecay"][()]) - 1,
        "decay_v": int(group["vDecay"][()]),
        "bias_exp": int(group["biasExp"][()]),
    }
    if "vThMant" in group:
        constants["v_threshold"] = int(group["vThMant"][()])
    return constants


def _write_edge(group: h5py.Group, edge: Edge, is_integer: bool) -> None:
    group.attrs["source"], group.attrs["kind"] = edge.source, edge.kind
    group["type"] = np.array([_TYPES[edge.kind].encode()], "S10")
    _write_array(group, "weight", edge.weight, is_integer)
    group["weightExp"], group["delay"] = edge.weight_exp, edge.delay
    if edge.kind == "dense":
        group["outFeatures"], group["inFeatures"] = edge.weight.shape
        return
    first, second = edge.weight.shape[:2]
    transposed = edge.kind == "conv_transpose"
    group["inChannels"] = first if transposed else second * edge.groups
    group["outChannels"] = second * edge.groups if transposed else first
    group["kernelSize"] = edge.weight.shape[2:]
    group["stride"], group["padding"] = edge.stride, edge.padding
    group["dilation"], group["groups"] = edge.dilation, edge.groups


def _read_edge(group: h5py.Group) -> Edge:
    kind = _one_of(group.attrs["kind"], get_args(EdgeKind))
    geometry: dict[str, Any] = {}
    if kind != "dense":
        geometry = {key: _pair(group[key][()]) for key in ("stride", "padding", "dilation")}
        geometry["groups"] = int(group["groups"][()])
    return Edge(
        str(group.attrs["source"]),
        kind,
        group["weight"][()],
        delay=int(group["delay"][()]),
        weight_exp=int(group["weightExp"][()]),
        **geometry,
    )


def _write_array(group: h5py.Group, key: str, values: npt.NDArray[Any], is_integer: bool) -> None:
    """Compressed, which adds a checksum; the integers that the chip holds fit 16 bits."""
    data = values.astype(np.int16) if is_integer else values
    group.create_dataset(key, data=data, chunks=True, compression="gzip")


def _one_of(word: str, accepted: Sequence[str]) -> Any:
    if word not in accepted:
        raise ValueError(f"found {word!r}; accepted: {', '.join(accepted)}")
    return word


def _triple(values: npt.NDArray[Any]) -> Shape:
    channels, rows, columns = (int(value) for value in values)
    return channels, rows, columns


def _pair(values: npt.NDArray[Any]) -> Pair:
    rows, columns = (int(value) for value in values)
    return rows, columns

"""Read networks of lava-dl: ``.net`` files (HDF5, one group per layer), chains of layers.

A file becomes an integer graph with the numbers that lava-dl's ``netx`` (0.6) hands to Lava:
``du = iDecay - 1``, ``dv = vDecay``, biases in units of a weight (exponent 6).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from conversion.graph.fixed_point import WEIGHT_SHIFT
from conversion.graph.layer_graph import INPUT, Edge, Layer, LayerGraph, Pair, Shape

NEURON_TYPES = ("LOIHI", "CUBA")
LAYER_TYPES = ("input", "conv", "flatten", "dense")


@dataclass(frozen=True)
class InputTransform:
    """How an image becomes the bias mantissas of an "input_lif" layer.

    Attributes:
        weight: Half of the mantissas' range.
        bias: Mantissa of mid-grey.
    """

    weight: int
    bias: int

    def mantissas(self, image: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """``2 weight image - weight + bias``, truncated as netx does; intensities in 0..1."""
        return (2 * self.weight * image - self.weight + self.bias).astype(np.int64)


@dataclass(frozen=True)
class NetxNetwork:
    """What a ``.net`` file holds.

    Attributes:
        graph: Integer graph, a chain.
        input_transform: Of an input layer that has neurons, else None.
    """

    graph: LayerGraph
    input_transform: InputTransform | None = None


def read_netx(path: Path) -> NetxNetwork:
    """Read a chain whose first layer is of type "input".

    Returns:
        The network; its layers are named by place and type: "0_input", "1_conv", ...

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: For a corrupt file, or for a layer that is not supported, with its name.
    """
    try:
        with h5py.File(path, "r") as file:
            return _read_network(file)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} is not an HDF5 file, or damaged: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read_network(file: h5py.File) -> NetxNetwork:
    groups = file.get("layer")
    if not isinstance(groups, h5py.Group) or "0" not in groups:
        raise ValueError("no lava-dl network: it has no group layer/0")
    layers: list[Layer] = []
    for index in range(len(groups)):
        name = str(index)
        try:
            group = groups[name]
            name = f"{index}_{_text(group['type'])}"
            layers += _read_layer(group, name, layers[-1].name if layers else INPUT)
        except KeyError as error:
            raise ValueError(f"layer {name!r} is incomplete: {error}") from error
        except ValueError as error:
            raise ValueError(f"layer {name!r}: {error}") from error
    first = groups["0"]
    if _text(first["type"]) != "input":
        raise ValueError(f"layer '0' is of type {_text(first['type'])!r}; accepted: 'input'")
    graph = LayerGraph({INPUT: _shape(first)}, tuple(layers), "integer")
    if graph.layers[0].kind != "input_lif":
        return NetxNetwork(graph)
    # netx has the same defaults
    weight = int(first["weight"][()]) if "weight" in first else 64
    bias = int(first["bias"][()]) if "bias" in first else 0
    return NetxNetwork(graph, InputTransform(weight, bias))


def _read_layer(group: h5py.Group, name: str, source: str) -> list[Layer]:
    """The layer of a group, or none where it has no neurons of its own."""
    kind = _text(group["type"])
    if kind not in LAYER_TYPES:
        raise ValueError(f"type {kind!r} is not supported; accepted: {', '.join(LAYER_TYPES)}")
    if kind == "flatten":
        return []
    if kind == "input":
        if "neuron" not in group:
            return []
        return [Layer(name, "input_lif", _shape(group), **_neuron(group["neuron"]))]
    return [
        Layer(
            name,
            "lif",
            _shape(group),
            bias=_integers(group, "bias").reshape(-1) if "bias" in group else None,
            edges=(_edge(group, kind, source),),
            **_neuron(group["neuron"]),
        )
    ]


def _neuron(group: h5py.Group) -> dict[str, Any]:
    """Arguments of `Layer`."""
    kind = _text(group["type"])
    if kind not in NEURON_TYPES:
        raise ValueError(f"neuron {kind!r} is not supported; accepted: {', '.join(NEURON_TYPES)}")
    if "refDelay" in group and int(group["refDelay"][()]) != 1:
        raise ValueError(f"refDelay is {int(group['refDelay'][()])}; accepted: 1")
    return {
        "decay_u": int(group["iDecay"][()]) - 1,
        "decay_v": int(group["vDecay"][()]),
        "v_threshold": int(group["vThMant"][()]),
        "bias_exp": WEIGHT_SHIFT,
    }


def _edge(group: h5py.Group, kind: str, source: str) -> Edge:
    if "delay" in group and np.any(group["delay"][()]):
        raise ValueError("synaptic delays are not supported; accepted: none, or all 0")
    weight = _integers(group, "weight")
    if kind == "dense":
        return Edge(source, "dense", weight.reshape(int(np.prod(_shape(group))), -1))
    return Edge(
        source,
        "conv",
        weight.reshape(weight.shape[:4]),  # slayer adds an axis of time
        stride=_pair(group, "stride"),
        padding=_pair(group, "padding"),
        dilation=_pair(group, "dilation"),
        groups=int(group["groups"][()]),
    )


def _integers(group: h5py.Group, key: str) -> npt.NDArray[np.int64]:
    values = np.asarray(group[key][()])
    if not np.array_equal(values, np.trunc(values)):
        raise ValueError(f"{key} is not of whole numbers")
    return values.astype(np.int64)


def _pair(group: h5py.Group, key: str) -> Pair:
    rows, columns = (int(value) for value in np.broadcast_to(group[key][()], 2))
    return rows, columns


def _shape(group: h5py.Group) -> Shape:
    channels, rows, columns = (int(value) for value in group["shape"][()])
    return channels, rows, columns


def _text(dataset: h5py.Dataset) -> str:
    return bytes(np.atleast_1d(dataset[()])[0]).decode()

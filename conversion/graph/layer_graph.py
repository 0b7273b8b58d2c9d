"""The network as the chip sees it: layers of neurons joined by weighted edges, as plain data.

Batch normalisation, upsampling and concatenation are gone by now. A graph holds either real
numbers (``arithmetic="float"``) or what is written into the chip (``"integer"``, ranges in
`fixed_point`); its equations are those of `float_simulator` and of
`conversion.simulate.integer_simulator`. No torch here.

Shapes: C channels, H rows, W columns.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from conversion.graph.fixed_point import check_edge_ranges, check_neuron_ranges

INPUT = "input"  # name of the input of a graph that has one, unless it says otherwise
EdgeKind = Literal["conv", "conv_transpose", "dense"]
LayerKind = Literal["lif", "readout", "input_lif"]
Arithmetic = Literal["float", "integer"]
Shape = tuple[int, int, int]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Edge:
    """Synapses from one layer (or an input) into the layer that holds the edge.

    Attributes:
        kind: A dense edge flattens its source, in the order C, H, W.
        weight: Convolution (C_out, C_in/groups, kh, kw), transposed convolution (C_in,
            C_out/groups, kh, kw), both as in torch; dense (out, in). Cross-correlation, as in
            torch. In an integer graph the integer mantissas of at most 8 bits and a sign.
        stride: Rows, columns; so are `padding` (zeros on each side) and `dilation`.
        padding: See `stride`. A transposed convolution crops by it.
        dilation: See `stride`.
        delay: Steps that the spikes travel beyond the one that every edge takes.
    """

    source: str
    kind: EdgeKind
    weight: npt.NDArray[Any]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    delay: int = 0
    weight_exp: int = 0

    @property
    def scaled_weight(self) -> npt.NDArray[np.float64]:
        """What a spike adds to the input of its target: ``weight * 2**weight_exp``."""
        return np.ldexp(self.weight.astype(np.float64), self.weight_exp)

    def output_shape(self, source_shape: Shape) -> Shape:
        """Shape (C, H, W) that arrives from a source of `source_shape`; dense: (out, 1, 1).

        Raises:
            ValueError: When the weights do not fit the source.
        """
        if self.kind == "dense":
            num_out, num_in = self.weight.shape
            if num_in != math.prod(source_shape):
                raise ValueError(f"dense weights take {num_in} inputs, not {source_shape}")
            return (num_out, 1, 1)
        transposed = self.kind == "conv_transpose"
        num_in = self.weight.shape[0] if transposed else self.weight.shape[1] * self.groups
        num_out = self.weight.shape[1] * self.groups if transposed else self.weight.shape[0]
        if num_in != source_shape[0] or num_in % self.groups or num_out % self.groups:
            raise ValueError(
                f"{self.kind} weights {self.weight.shape} in {self.groups} groups do not take "
                f"{source_shape[0]} channels"
            )
        sides = []
        for size, kernel, stride, padding, dilation in zip(
            source_shape[1:],
            self.weight.shape[2:],
            self.stride,
            self.padding,
            self.dilation,
            strict=True,
        ):
            reach = dilation * (kernel - 1)
            if transposed:
                sides.append((size - 1) * stride - 2 * padding + reach + 1)
            else:
                sides.append((size + 2 * padding - reach - 1) // stride + 1)
        return (num_out, sides[0], sides[1])


@dataclass(frozen=True, eq=False)
class Layer:
    """A grid of neurons and the edges that add up at its input.

    Attributes:
        kind: "lif" fires; "readout" integrates and never fires; "input_lif" fires too, has no
            edges, and the graph's only input is what adds to its membranes (as a bias does).
        decay_u: Fraction of the synaptic current lost per step, 0..1, 1 for none kept. In an
            integer graph the chip's number 0..4095, whose fraction is ``(decay_u + 1) / 4096``.
        decay_v: Fraction of the membrane lost per step, 0..1; integer: in units of 1/4096.
        v_threshold: A neuron fires strictly above it; integer: in units of 2**6 of the membrane,
            which are those of a weight. Meaningless for a readout.
        bias: Added to the membranes every step; None, per channel (C,), or (C, H, W). Integer:
            signed mantissas of 13 bits.
        bias_exp: Integer only: the bias counts ``bias * 2**bias_exp`` units of the membrane, so 6
            makes its unit that of a weight. The input of an "input_lif" layer is scaled likewise.
        scale: Integer only: float units of input (and threshold) per integer unit of a weight.
            Not used by the simulator; the readout's membranes are decoded by it.
    """

    name: str
    kind: LayerKind
    shape: Shape
    decay_v: float
    v_threshold: float = math.inf
    decay_u: float = 1.0
    bias: npt.NDArray[Any] | None = None
    bias_exp: int = 0
    edges: tuple[Edge, ...] = ()
    scale: float = 1.0

    @property
    def num_neurons(self) -> int:
        """Neurons in the layer."""
        return math.prod(self.shape)

    @property
    def fires(self) -> bool:
        """Whether it sends spikes."""
        return self.kind != "readout"

    @property
    def bias_CHW(self) -> npt.NDArray[Any]:
        """The bias in a shape that broadcasts over (..., C, H, W)."""
        if self.bias is None:
            return np.zeros((1, 1, 1), np.int64)
        return self.bias[:, None, None] if self.bias.ndim == 1 else self.bias


@dataclass(frozen=True, eq=False)
class LayerGraph:
    """Layers in an order in which they can be executed.

    Attributes:
        inputs: Channels, rows, columns by name of the input.
        layers: Every source before its targets.
        arithmetic: Whether the numbers are "float" or the chip's "integer".
        binary_inputs: Those of the inputs that carry spikes; the others carry graded counts.

    Raises:
        ValueError: For an impossible graph; the message names the layer or input.
    """

    inputs: Mapping[str, Shape]
    layers: tuple[Layer, ...]
    arithmetic: Arithmetic = "float"
    binary_inputs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("the graph has no layers")
        if not self.inputs:
            raise ValueError("the graph has no inputs")
        if unknown := self.binary_inputs - set(self.inputs):
            raise ValueError(f"binary inputs {sorted(unknown)}; accepted: {list(self.inputs)}")
        shapes = dict(self.inputs)
        silent: set[str] = set()
        for layer in self.layers:
            if layer.name in shapes:
                raise ValueError(f"layer {layer.name!r}: the name is taken")
            try:
                _check_layer(layer, self.inputs)
                for edge in layer.edges:
                    _check_edge(edge, layer, shapes, silent)
                if self.arithmetic == "integer":
                    _check_ranges(layer)
            except ValueError as error:
                raise ValueError(f"layer {layer.name!r}: {error}") from error
            shapes[layer.name] = layer.shape
            if not layer.fires:
                silent.add(layer.name)

    def __getitem__(self, name: str) -> Layer:
        """The layer of that name; KeyError where there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @property
    def only_input(self) -> str:
        """Name of the input, where there is one; ValueError where there are several."""
        if len(self.inputs) > 1:
            raise ValueError(f"the graph has inputs {list(self.inputs)}; accepted here: one")
        return next(iter(self.inputs))

    @property
    def input_shape(self) -> Shape:
        """Channels, rows, columns of the only input."""
        return self.inputs[self.only_input]

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """(C, H, W) by name of input or layer."""
        return {**self.inputs, **{layer.name: layer.shape for layer in self.layers}}

    @cached_property
    def arrival_steps(self) -> Mapping[str, int]:
        """Steps until the first input reaches a layer in pipelined operation, delays included.

        An edge takes one step. An "input_lif" layer sees the input at once.
        """
        steps = dict.fromkeys(self.inputs, 0)
        for layer in self.layers:
            steps[layer.name] = max(
                (steps[edge.source] + 1 + edge.delay for edge in layer.edges), default=0
            )
        return steps

    @property
    def num_pipeline_steps(self) -> int:
        """Steps between an input and its effect on the last layer."""
        return max(self.arrival_steps[layer.name] for layer in self.layers)

    @property
    def max_delay(self) -> int:
        """Longest delay of an edge, in steps."""
        return max((edge.delay for layer in self.layers for edge in layer.edges), default=0)

    @cached_property
    def early_edges(self) -> Mapping[tuple[str, str], int]:
        """(source, target) -> steps by which what it carries arrives before the latest edge does.

        Empty where all delays are balanced, so that pipelined operation computes what time-aligned
        operation does.
        """
        steps = self.arrival_steps
        found = {}
        for layer in self.layers:
            for edge in layer.edges:
                early = steps[layer.name] - (steps[edge.source] + 1 + edge.delay)
                if early:
                    found[edge.source, layer.name] = early
        return found

    def reset_steps(self, reset_period: int) -> Mapping[str, int]:
        """Staggered resets: layer name -> step, counted from 0, of the reset in every period.

        A layer is reset right before the first step of a sample reaches it. Lava counts steps
        from 1: its ``reset_offset`` is ``(reset_step + 1) % reset_period``.

        Args:
            reset_period: Steps from the start of one sample to the start of the next.
        """
        return {layer.name: self.arrival_steps[layer.name] % reset_period for layer in self.layers}


def _check_layer(layer: Layer, inputs: Mapping[str, Shape]) -> None:
    if layer.kind == "input_lif":
        if layer.edges or [layer.shape] != [*inputs.values()]:
            raise ValueError(
                f"an input_lif layer has no edges and the shape of the only input; "
                f"the graph's inputs are {dict(inputs)}"
            )
    elif not layer.edges:
        raise ValueError("nothing projects into it")
    if layer.bias is not None and layer.bias.shape not in ((layer.shape[0],), layer.shape):
        raise ValueError(
            f"bias has shape {layer.bias.shape}; accepted: {layer.shape[:1]}, {layer.shape}"
        )


def _check_edge(edge: Edge, layer: Layer, shapes: Mapping[str, Shape], silent: set[str]) -> None:
    if edge.source not in shapes:
        raise ValueError(
            f"receives from {edge.source!r}, which does not stand before it; "
            f"known: {_names(shapes)}"
        )
    if edge.source in silent:
        raise ValueError(f"receives from {edge.source!r}, a readout, which sends no spikes")
    if edge.delay < 0:
        raise ValueError(f"edge from {edge.source!r} has delay {edge.delay}; accepted: 0 or more")
    try:
        arrives = edge.output_shape(shapes[edge.source])
    except ValueError as error:
        raise ValueError(f"edge from {edge.source!r}: {error}") from error
    if edge.kind == "dense" and arrives[0] == layer.num_neurons:
        return
    if arrives != layer.shape:
        raise ValueError(
            f"edge from {edge.source!r} arrives with shape {arrives}, the layer has {layer.shape}"
        )


def _check_ranges(layer: Layer) -> None:
    check_neuron_ranges(
        layer.decay_u,
        layer.decay_v,
        layer.v_threshold if layer.fires else 0,
        layer.bias_CHW,
        layer.bias_exp,
    )
    for edge in layer.edges:
        check_edge_ranges(edge.source, edge.weight, edge.weight_exp)


def _names(shapes: Iterable[str]) -> str:
    return ", ".join(sorted(shapes))

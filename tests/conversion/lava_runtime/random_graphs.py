"""Random graphs with all that a graph can hold, whose layers fire at sensible rates."""

from dataclasses import replace

import numpy as np

from conversion.graph.layer_graph import INPUT, Arithmetic, Edge, Layer, LayerGraph, Shape
from conversion.graph.timing import balance_with_delays
from conversion.simulate import float_simulator, integer_simulator

INPUT_SHAPE = (4, 9, 12)
_MAX_NEURONS = 700


def counts(seed: int, num_steps: int = 6, num_samples: int = 3) -> np.ndarray:
    """Graded input, (T, B, C, H, W)."""
    shape = (num_steps, num_samples, *INPUT_SHAPE)
    return np.random.default_rng(seed).integers(0, 6, shape)


def random_graph(seed: int, arithmetic: Arithmetic, num_layers: int = 6) -> LayerGraph:
    """Layers of up to three edges from anywhere before them, and a readout of the last of them."""
    random = np.random.default_rng(seed)
    shapes: dict[str, Shape] = {INPUT: INPUT_SHAPE}
    layers: list[Layer] = []
    for number in range(num_layers):
        kind = "readout" if number == num_layers - 1 else "lif"
        layer = _random_layer(random, f"{kind}{number}", shapes, arithmetic)
        layers.append(_calibrated(tuple(layers), replace(layer, kind=kind), arithmetic))
        shapes[layer.name] = layer.shape
    return balance_with_delays(LayerGraph({"input": INPUT_SHAPE}, tuple(layers), arithmetic))


def _random_layer(
    random: np.random.Generator, name: str, shapes: dict[str, Shape], arithmetic: Arithmetic
) -> Layer:
    names = list(shapes)
    # One edge follows the layer before, so that the graph grows deep.
    shape, first = _random_edge(random, names[-1], shapes, arithmetic)
    edges = [first]
    for _ in range(60):
        arrives, edge = _random_edge(random, str(random.choice(names)), shapes, arithmetic, shape)
        if arrives == shape and len(edges) < 3:
            edges.append(edge)
    is_integer = arithmetic == "integer"
    bias_shape = [(), shape[:1], shape][random.integers(3)]
    bias = random.integers(-200, 400, bias_shape) if bias_shape else None
    return Layer(
        name,
        "lif",
        shape,
        decay_u=int(random.choice([4095, 2600]))
        if is_integer
        else float(random.choice([1.0, 0.6])),
        decay_v=int(random.integers(0, 4096)) if is_integer else random.uniform(0, 1),
        bias=bias if is_integer or bias is None else bias / 256,
        bias_exp=int(random.integers(0, 8)) if is_integer else 0,
        edges=tuple(edges),
    )


def _random_edge(
    random: np.random.Generator,
    source: str,
    shapes: dict[str, Shape],
    arithmetic: Arithmetic,
    target: Shape | None = None,
) -> tuple[Shape, Edge]:
    """An edge from `source`, and the shape in which it arrives; to `target` if it is dense."""
    while True:
        channels = shapes[source][0]
        kind = str(random.choice(["conv", "conv_transpose", "dense"], p=[0.55, 0.4, 0.05]))
        out_channels = target[0] if target else int(random.integers(1, 4)) * 2
        groups = int(random.choice([g for g in (1, 2) if channels % g == out_channels % g == 0]))
        kernel = tuple(random.integers(1, 5, 2))
        if kind == "dense":
            num_out = int(np.prod(target)) if target else 11
            weight_shape = (num_out, int(np.prod(shapes[source])))
        elif kind == "conv":
            weight_shape = (out_channels, channels // groups, *kernel)
        else:
            weight_shape = (channels, out_channels // groups, *kernel)
        weight = random.integers(-256, 256, weight_shape)
        edge = Edge(
            source,
            kind,
            weight if arithmetic == "integer" else weight / 64,
            weight_exp=int(random.integers(0, 3)),
        )
        if kind != "dense":
            stride, padding, dilation = (
                tuple(int(side) for side in random.integers(low, high, 2))
                for low, high in ((1, 4), (0, 3), (1, 3))
            )
            edge = replace(edge, stride=stride, padding=padding, dilation=dilation, groups=groups)
        arrives = edge.output_shape(shapes[source])
        if kind == "dense" and target:
            arrives = target
        if min(arrives) > 0 and np.prod(arrives) <= _MAX_NEURONS:
            return arrives, edge


def _calibrated(before: tuple[Layer, ...], layer: Layer, arithmetic: Arithmetic) -> Layer:
    """With a threshold that a fifth of the membranes would cross if it never fired."""
    if layer.kind == "readout":
        return layer
    silent = replace(layer, kind="readout")
    simulator = float_simulator if arithmetic == "float" else integer_simulator
    trace = simulator.simulate(
        LayerGraph({"input": INPUT_SHAPE}, (*before, silent), arithmetic), counts(0)
    )
    level = float(np.quantile(trace.membranes[layer.name], 0.8))
    if arithmetic == "integer":
        return replace(layer, v_threshold=int(np.clip(level / 64, 0, 131071)))
    return replace(layer, v_threshold=level)

"""Synapses one by one, and random edges to count them on."""

from itertools import product

import numpy as np

from conversion.graph.layer_graph import Edge, Shape

Neuron = tuple[int, int, int]


def synapses_of(
    edge: Edge, source_shape: Shape, target_shape: Shape
) -> list[tuple[Neuron, Neuron]]:
    """(source, target) of every synapse, by walking over sources and the taps of the kernel."""
    everyone = list(product(*map(range, target_shape)))
    found = []
    for c, y, x in product(*map(range, source_shape)):
        if edge.kind == "dense":
            found += [((c, y, x), target) for target in everyone]
            continue
        out_of_group = target_shape[0] // edge.groups
        group = c // (source_shape[0] // edge.groups)
        channels = range(group * out_of_group, (group + 1) * out_of_group)
        for i, j in product(range(edge.weight.shape[2]), range(edge.weight.shape[3])):
            if edge.kind == "conv":
                top, rest_y = divmod(y + edge.padding[0] - i * edge.dilation[0], edge.stride[0])
                left, rest_x = divmod(x + edge.padding[1] - j * edge.dilation[1], edge.stride[1])
                if rest_y or rest_x:
                    continue
            else:
                top = y * edge.stride[0] - edge.padding[0] + i * edge.dilation[0]
                left = x * edge.stride[1] - edge.padding[1] + j * edge.dilation[1]
            if 0 <= top < target_shape[1] and 0 <= left < target_shape[2]:
                found += [((c, y, x), (channel, top, left)) for channel in channels]
    return found


def random_edge(seed: int) -> tuple[Edge, Shape, Shape]:
    """An edge of any kind, stride, padding, dilation and grouping, with the shapes at its ends."""
    random = np.random.default_rng(seed)

    def pair(low: int, high: int) -> tuple[int, int]:
        rows, columns = random.integers(low, high + 1, 2)
        return int(rows), int(columns)

    groups = int(random.integers(1, 4))
    num_in, num_out = (groups * int(n) for n in random.integers(1, 3, 2))
    kernel, dilation = pair(1, 4), pair(1, 2)
    source_shape = (num_in, *pair(6, 9))
    kind = ("conv", "conv_transpose", "dense")[seed % 3]
    if kind == "dense":
        target_shape = (num_out, *pair(1, 3))
        weight = np.ones((int(np.prod(target_shape)), int(np.prod(source_shape))))
        return Edge("a", "dense", weight), source_shape, target_shape
    padding = (min(1, kernel[0] - 1), min(2, kernel[1] - 1))
    transposed = kind == "conv_transpose"
    channels = (num_in, num_out // groups) if transposed else (num_out, num_in // groups)
    edge = Edge(
        "a",
        kind,  # type: ignore[arg-type]
        np.ones((*channels, *kernel)),
        pair(1, 3),
        padding,
        dilation,
        groups,
    )
    return edge, source_shape, edge.output_shape(source_shape)

"""The part of a graph that one layer depends on."""

from dataclasses import replace

from conversion.graph.layer_graph import LayerGraph


def ancestors(graph: LayerGraph, name: str) -> LayerGraph:
    """The layer of that name and every layer and input it depends on; the others are left out.

    The graph ends with the layer and computes there what `graph` does; the delays stay.

    Raises:
        ValueError: When there is no such layer.
    """
    names = [layer.name for layer in graph.layers]
    if name not in names:
        raise ValueError(f"there is no layer {name!r}; accepted: {', '.join(names)}")
    needed = {name}
    for layer in reversed(graph.layers):  # every source stands before its targets
        if layer.name in needed:
            needed |= {edge.source for edge in layer.edges}
    layers = tuple(layer for layer in graph.layers if layer.name in needed)
    if not all(layer.edges for layer in layers):  # input neurons read the only input without any
        needed |= graph.inputs.keys()
    inputs = {name: shape for name, shape in graph.inputs.items() if name in needed}
    return replace(graph, inputs=inputs, layers=layers, binary_inputs=graph.binary_inputs & needed)

"""The part of a graph that one layer depends on."""

from dataclasses import replace

from conversion.graph.layer_graph import LayerGraph


def ancestors(graph: LayerGraph, name: str) -> LayerGraph:
    """The layer of that name and every layer it depends on; the others are left out.

    Args:
        graph: Any graph.
        name: Name of a layer.

    Returns:
        A graph that ends with the layer and computes there what `graph` does; the delays stay.

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
    return replace(graph, layers=tuple(layer for layer in graph.layers if layer.name in needed))

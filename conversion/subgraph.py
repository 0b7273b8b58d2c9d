"""Part of a layer graph."""

from dataclasses import replace

from conversion.layer_graph import LayerGraph


def ancestors(graph: LayerGraph, name: str) -> LayerGraph:
    """A layer and everything that it depends on.

    Args:
        graph: Float or integer graph.
        name: The layer, which becomes the last one.

    Returns:
        The graph of these layers, in the same order.

    Raises:
        ValueError: When there is no such layer.
    """
    names = [layer.name for layer in graph.layers]
    if name not in names:
        raise ValueError(f"there is no layer {name!r}; accepted: {', '.join(names)}")
    needed = {name}
    for layer in reversed(graph.layers):
        if layer.name in needed:
            needed |= {edge.source for edge in layer.edges}
    return replace(graph, layers=tuple(x for x in graph.layers if x.name in needed))

"""What is put into a graph, by the name of its inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import LayerGraph

Array = npt.NDArray[Any]
Inputs = Array | Mapping[str, Array]  # a plain array is for a graph of one input


def named_inputs(graph: LayerGraph, inputs: Inputs) -> dict[str, Array]:
    """The inputs by name, each (T, B, C, H, W), in the graph's order.

    Raises:
        ValueError: For other names, shapes, or counts where the graph expects spikes.
    """
    found = dict(inputs) if isinstance(inputs, Mapping) else {graph.only_input: inputs}
    if set(found) != set(graph.inputs):
        raise ValueError(f"found inputs {sorted(found)}; accepted: {list(graph.inputs)}")
    for name, shape in graph.inputs.items():
        array = found[name]
        if array.ndim != 5 or array.shape[2:] != shape or not array.shape[0]:
            raise ValueError(
                f"input {name!r} has shape {array.shape}; accepted: (steps, batch, *{shape})"
            )
        if name in graph.binary_inputs and not np.isin(array, (0, 1)).all():
            raise ValueError(
                f"input {name!r} holds values up to {array.max()}; accepted as spikes: 0 and 1"
            )
    sizes = {name: array.shape[:2] for name, array in found.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"inputs differ in (steps, batch): {sizes}")
    return {name: found[name] for name in graph.inputs}

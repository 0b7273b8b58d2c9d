"""What a layer graph can be and NIR 1.0 cannot hold: the list of the refusals."""

from collections.abc import Callable
from dataclasses import dataclass

from conversion.formats.nir_synapses import flat_layers, synapses_hold_bias
from conversion.graph.layer_graph import Layer, LayerGraph


@dataclass(frozen=True)
class NirLimit:
    """A property that no NIR file has.

    Attributes:
        what: What it is, and why NIR cannot hold it, as the message says it.
        has: Whether a layer of a graph has it.
    """

    what: str
    has: Callable[[LayerGraph, Layer], bool]


NIR_LIMITS = (
    NirLimit(
        "integer arithmetic: its numbers are real, nothing in it wraps or rounds; export the "
        "float graph",
        lambda graph, layer: graph.arithmetic == "integer",
    ),
    NirLimit(
        "a transposed convolution, which is what upsampling folds into: it has no such node, and "
        "none that upsamples; export a part without it (--until LAYER)",
        lambda graph, layer: any(edge.kind == "conv_transpose" for edge in layer.edges),
    ),
    NirLimit(
        "a kernel whose sides differ by an odd number: NIR infers the shape behind a convolution "
        "from the kernel's rows alone, and zeros on both sides cannot make this one square",
        lambda graph, layer: any(
            edge.kind == "conv" and (edge.weight.shape[2] - edge.weight.shape[3]) % 2
            for edge in layer.edges
        ),
    ),
    NirLimit(
        "a synaptic current (decay_u below 1) when the current or the membrane never decays: "
        "CubaLIF's time constants would be infinite",
        lambda graph, layer: layer.decay_u != 1 and 0 in (layer.decay_u, layer.decay_v),
    ),
    NirLimit(
        "input neurons with a synaptic current (decay_u below 1): their input is added behind the "
        "current, where nothing can be added",
        lambda graph, layer: layer.kind == "input_lif" and layer.decay_u != 1,
    ),
    NirLimit(
        "a bias per neuron behind convolutions only, in neurons that do not leak: a convolution "
        "has a bias per channel, and IF has no v_leak",
        lambda graph, layer: (
            layer.decay_v == 0
            and not synapses_hold_bias(layer, is_flat=layer.name in flat_layers(graph))
        ),
    ),
    NirLimit(
        "this name: '/' divides paths in HDF5, and 'output' and '..._to_...' are the names of "
        "nodes that the export adds",
        lambda graph, layer: not is_free_name(layer.name),
    ),
)


def is_free_name(name: str) -> bool:
    """Whether a node may have this name."""
    return "/" not in name and "_to_" not in name and name not in ("", ".", "..", "output")


def check_nir_can_hold(graph: LayerGraph) -> None:
    """Refuse a graph that NIR cannot hold.

    Raises:
        ValueError: With the name of the first layer or input in the way, and the reason.
    """
    for name in graph.inputs:
        if not is_free_name(name):
            raise ValueError(f"input {name!r}: NIR cannot hold {NIR_LIMITS[-1].what}")
    for layer in graph.layers:
        for limit in NIR_LIMITS:
            if limit.has(graph, layer):
                raise ValueError(f"layer {layer.name!r}: NIR cannot hold {limit.what}")

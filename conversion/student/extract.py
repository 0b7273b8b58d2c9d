"""From a spiking student to the float graph, exactly: one edge per projection, one bias per layer.

Batch normalisation and upsampling merge into the kernels (`fold`). Whatever is not
linear between two populations, or not on the chip, is refused with the layer's name.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Pair
from conversion.student.fold import fold_batch_norm, fold_nearest_upsampling
from conversion.student.neuron_parameters import integrator_decay, lif_parameters
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import READOUT, Population
from snn_depth.models.upsampled_conv import UpsampledConv2d

Array = npt.NDArray[np.float64]

_CONVOLUTIONS = (nn.Conv2d.forward, UpsampledConv2d.forward)
# Training on several GPUs replaces one by the other; with fixed statistics they are the same.
_NORMALISATIONS = (nn.BatchNorm2d, nn.SyncBatchNorm)
_INSTEAD = {
    nn.ConvTranspose2d: "UpsampledConv2d, which becomes one transposed convolution",
    nn.AvgPool2d: "a Conv2d with stride",
    nn.MaxPool2d: "a Conv2d with stride",
    nn.GroupNorm: "BatchNorm2d, whose statistics are fixed at inference",
    nn.InstanceNorm2d: "BatchNorm2d, whose statistics are fixed at inference",
    nn.LayerNorm: "BatchNorm2d, whose statistics are fixed at inference",
    nn.ReLU: "a population of its own: only neurons are non-linear",
}


def extract_graph(
    network: nn.Module, height: int, width: int, *, binary_input: bool = False
) -> LayerGraph:
    """The float graph that computes what the student does, in float64.

    Args:
        network: A `SpikingDepthNet` in evaluation mode that reads spikes.
        height: Rows of the input; padded to the network's stride, as the network itself does.
        width: Columns of the input, likewise.
        binary_input: Whether a time bin holds one frame of the camera, so that spikes come in.

    Returns:
        The network's inputs, and one layer per population and the readout, names as there; no
        delays yet.

    Raises:
        ValueError: For what cannot be mapped, with the layer's name and what to use instead.
    """
    if not isinstance(network, SpikingDepthNet):
        raise ValueError(
            f"network is a {type(network).__name__}; only a SpikingDepthNet has neurons of the "
            "chip's kind: distil one from it"
        )
    if not network.reads_spikes:
        raise ValueError(
            f"network reads {network.input_key!r}; the chip is sent spikes: train with "
            "input_key='spikes'"
        )
    if network.training:
        raise ValueError("network is in training mode; call network.eval(), which fixes statistics")
    graph = network.graph
    padded = (height + -height % graph.max_stride, width + -width % graph.max_stride)
    layers = []
    for population in graph.all_populations:
        stride = graph.strides[population.name]
        layers.append(extract_layer(network, population, padded[0] // stride, padded[1] // stride))
    return LayerGraph(
        {port.name: (port.num_channels, *padded) for port in graph.inputs},
        tuple(layers),
        binary_inputs=frozenset(graph.input_names if binary_input else ()),
    )


def extract_layer(
    network: SpikingDepthNet, population: Population, height: int, width: int
) -> Layer:
    """One population of a student and everything that projects into it, in float64.

    Args:
        network: The student; its normalisations are in evaluation mode.
        population: One of its graph.
        height: Rows of the population's own grid.
        width: Columns of it.

    Returns:
        The layer.

    Raises:
        ValueError: For what cannot be mapped, with the layer's name and what to use instead.
    """
    decay_v, v_threshold = lif_parameters("lif", network.lif)
    readout_decay_v = integrator_decay("integrator", network.integrator)
    edges = []
    bias = np.zeros(population.num_channels)
    for projection in population.projections:
        name = network.projection_name(projection.source, population.name)
        edge, edge_bias = projection_edge(
            f"projections.{name}", projection.source, network.projections[name]
        )
        edges.append(edge)
        bias += edge_bias
    shape = (population.num_channels, height, width)
    if population.name == READOUT:
        return Layer(READOUT, "readout", shape, readout_decay_v, bias=bias, edges=tuple(edges))
    return Layer(population.name, "lif", shape, decay_v, v_threshold, bias=bias, edges=tuple(edges))


def projection_edge(name: str, source: str, module: nn.Module) -> tuple[Edge, Array]:
    """One edge and its bias from upsampling, convolution and batch normalisation.

    Args:
        name: Name of the module in its network, for messages.
        source: Population that projects.
        module: `nn.Sequential` of an optional `nn.Upsample(mode="nearest")`, one `nn.Conv2d` (or
            `UpsampledConv2d`) and an optional `nn.BatchNorm2d`.

    Returns:
        The edge, and the bias (C_out,) that it brings to its target.

    Raises:
        ValueError: For anything else, naming the layer and what to use instead.
    """
    names, modules = [name], [module]
    if isinstance(module, nn.Sequential):
        names = [f"{name}.{key}" for key, _ in module.named_children()]
        modules = list(module.children())
    factor = 1
    if modules and isinstance(modules[0], nn.Upsample):
        factor = _upsampling_factor(names.pop(0), modules.pop(0))
    # A subclass may compute something else, so what it computes by is compared, not the class.
    if not modules or getattr(type(modules[0]), "forward", None) not in _CONVOLUTIONS:
        raise _refusal(name, names, modules, "Conv2d or UpsampledConv2d")
    conv_name, conv = names.pop(0), modules.pop(0)
    assert isinstance(conv, nn.Conv2d)
    if isinstance(conv, UpsampledConv2d):
        factor *= 2
    padding = _check_convolution(conv_name, conv, factor)
    weight = _to_array(conv.weight)
    bias = np.zeros(conv.out_channels) if conv.bias is None else _to_array(conv.bias)
    if modules and type(modules[0]) in _NORMALISATIONS:
        weight, bias = _fold_norm(names.pop(0), modules.pop(0), weight, bias)
    if modules:
        raise _refusal(name, names, modules, "nothing behind the convolution but one BatchNorm2d")
    if factor > 1:
        weight, crop = fold_nearest_upsampling(weight, factor, conv.groups)
        edge = Edge(
            source,
            "conv_transpose",
            weight,
            stride=(factor, factor),
            padding=(crop, crop),
            groups=conv.groups,
        )
    else:
        edge = Edge(
            source,
            "conv",
            weight,
            stride=_pair(conv.stride),
            padding=padding,
            dilation=_pair(conv.dilation),
            groups=conv.groups,
        )
    return edge, bias


def _upsampling_factor(name: str, module: nn.Module) -> int:
    assert isinstance(module, nn.Upsample)
    if module.mode != "nearest":
        raise ValueError(
            f"layer {name!r} is {module.mode} upsampling, which mixes real-valued neighbours; use "
            "nn.Upsample(mode='nearest') before the convolution, which folds exactly"
        )
    scale = module.scale_factor
    factors = {float(f) for f in (scale if isinstance(scale, tuple) else (scale or 0.0,))}
    factor = factors.pop()
    if factors or factor < 1 or factor != int(factor):
        raise ValueError(
            f"layer {name!r} upsamples by {scale} (size {module.size}); use a scale_factor that "
            "is one integer"
        )
    return int(factor)


def _check_convolution(name: str, conv: nn.Conv2d, factor: int) -> Pair:
    """The padding, or ValueError for a convolution that is not plain."""
    if conv.padding_mode != "zeros":
        raise ValueError(
            f"layer {name!r} pads with {conv.padding_mode!r}; use padding_mode='zeros': nothing "
            "fires outside of the picture"
        )
    if isinstance(conv.padding, str):
        raise ValueError(f"layer {name!r} has padding {conv.padding!r}; give it as numbers")
    padding = _pair(conv.padding)
    if factor > 1:
        side = conv.kernel_size[0]
        found = (conv.kernel_size, _pair(conv.stride), _pair(conv.dilation), padding)
        if side % 2 == 0 or found != ((side, side), (1, 1), (1, 1), (side // 2, side // 2)):
            raise ValueError(
                f"layer {name!r} behind upsampling has kernel, stride, dilation and padding "
                f"{found}; use a square odd kernel k with stride 1, dilation 1, padding k // 2"
            )
    return padding


def _fold_norm(name: str, norm: nn.Module, weight: Array, bias: Array) -> tuple[Array, Array]:
    assert isinstance(norm, _NORMALISATIONS)
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(
            f"layer {name!r} normalises by the statistics of each batch; use "
            "track_running_stats=True"
        )
    if norm.training:
        raise ValueError(f"layer {name!r} is in training mode; call network.eval()")
    ones = torch.ones(norm.num_features)
    return fold_batch_norm(
        weight,
        bias,
        gamma=_to_array(ones if norm.weight is None else norm.weight),
        beta=_to_array(0 * ones if norm.bias is None else norm.bias),
        mean=_to_array(norm.running_mean),
        variance=_to_array(norm.running_var),
        epsilon=norm.eps,
    )


def _refusal(
    name: str, names: Sequence[str], modules: Sequence[nn.Module], expected: str
) -> ValueError:
    if not modules:
        return ValueError(f"layer {name!r} ends before its convolution; expected {expected}")
    instead = next((use for kind, use in _INSTEAD.items() if isinstance(modules[0], kind)), None)
    advice = f"use {instead}" if instead else f"expected {expected}"
    return ValueError(f"layer {names[0]!r} is a {type(modules[0]).__name__}; {advice}")


def _to_array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().cpu().double().numpy())


def _pair(value: tuple[int, ...]) -> Pair:
    return value[0], value[1]

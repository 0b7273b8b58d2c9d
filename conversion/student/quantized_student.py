"""The student with the chip's weights, trained through their rounding.

Fine-tuning for few bits: forward, every population computes with the integers that the conversion
would make of it right now; backward, rounding counts as the identity (straight-through estimator,
Bengio et al. 2013, arXiv 1308.3432), so that the float weights behind the integers are trained.
What is stored in the end are those float weights, and converting them gives these integers again.

Use it as the network of a stage:
``class_path: conversion.student.quantized_student.QuantizedStudent``.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from conversion.graph.fixed_point import DECAY_UNIT, WEIGHT_SHIFT
from conversion.graph.layer_graph import Edge, Layer
from conversion.graph.quantize import check_weight_bits, quantize_decay_v, quantize_layer
from conversion.student.extract import extract_layer
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import Population
from snn_depth.models.predictor import DepthPredictor
from snn_depth.models.upsampled_conv import UpsampledConv2d, fold_upsampling


class QuantizedStudent(SpikingDepthNet):
    """A `SpikingDepthNet` that computes with the weights, biases and decays of its conversion.

    Left out is only that the chip's membranes are whole numbers, rounded toward zero at every
    step. Batch normalisations are folded into the weights, so their statistics stay as they are:
    start from a trained student. In files it is a `SpikingDepthNet` with the float weights.

    Args:
        num_weight_bits: Bits per weight with its sign, 4 to 8.
        largest_input: Largest count that an input sends in a step: frames per time bin.
        **student: Arguments of `SpikingDepthNet`.

    Raises:
        ValueError: For another number of bits. In `forward`, for larger counts than
            `largest_input`, and when a population no longer fits the chip's ranges.
    """

    def __init__(self, num_weight_bits: int = 8, largest_input: int = 16, **student: Any) -> None:
        super().__init__(**student)
        check_weight_bits(num_weight_bits)
        self.num_weight_bits = num_weight_bits
        self.largest_input = largest_input
        for neurons in (self.lif, self.integrator):
            neurons.decay_v = quantize_decay_v(neurons.decay_v) / DECAY_UNIT
        self.projections.eval()
        # By population: the weights that were quantised last, and what came of them.
        self._quantized: dict[str, tuple[list[Tensor], Layer]] = {}

    @property
    def stored_as(self) -> type[DepthPredictor]:
        """The float network."""
        return SpikingDepthNet

    def train(self, mode: bool = True) -> "QuantizedStudent":
        """As `nn.Module.train`; the statistics of normalisations stay fixed."""
        super().train(mode)
        self.projections.eval()
        return self

    def quantized_layer(self, population: Population) -> Layer:
        """A population as its conversion makes it of the present weights.

        The integer layer stands on a grid of one pixel: nothing of it depends on the grid.

        Raises:
            ValueError: When it does not fit the chip's ranges, naming it.
        """
        weights = [
            tensor
            for projection in population.projections
            for tensor in self._projection(projection.source, population).state_dict().values()
        ]
        last = self._quantized.get(population.name)
        # Values are compared because there are many ways to change a tensor unseen.
        if last is not None and all(map(torch.equal, weights, last[0])):
            return last[1]
        layer = quantize_layer(
            extract_layer(self, population, 1, 1),
            num_weight_bits=self.num_weight_bits,
            largest_inputs=dict.fromkeys(self.graph.input_names, self.largest_input),
        )
        self._quantized[population.name] = ([w.clone() for w in weights], layer)
        return layer

    def _projection(self, source: str, population: Population) -> nn.Sequential:
        layer = self.projections[self.projection_name(source, population.name)]
        assert isinstance(layer, nn.Sequential)
        return layer

    def _current(self, population: Population, signals: dict[str, Tensor]) -> Tensor:
        """As the network's, summed in whole units of a weight and scaled once at the end.

        Such weights are exact in bfloat16 too, and in float32 so are their sums.
        """
        layer = self.quantized_layer(population)
        total: Tensor | None = None
        float_bias: Tensor | None = None
        for edge in layer.edges:
            x_TBCHW = signals[edge.source]
            if edge.source in self.graph.input_names:
                self._check_counts(x_TBCHW)
            weight, bias = fold(self._projection(edge.source, population))
            units = straight_through(edge.scaled_weight, weight / layer.scale)
            flat = x_TBCHW.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            current = torch.unflatten(convolve(flat, units, edge), 0, x_TBCHW.shape[:2])
            total = current if total is None else total + current
            float_bias = bias if float_bias is None else float_bias + bias
        assert total is not None and float_bias is not None and layer.bias is not None
        unit = layer.scale / 2**WEIGHT_SHIFT * 2**layer.bias_exp
        bias = straight_through(layer.bias * unit, float_bias)
        return torch.add(bias.to(total.dtype).view(-1, 1, 1), total, alpha=layer.scale)

    def _check_counts(self, x_TBCHW: Tensor) -> None:
        largest = float(x_TBCHW.max())
        if largest > self.largest_input:
            raise ValueError(
                f"the input has counts of up to {largest:g}; accepted: up to largest_input = "
                f"{self.largest_input}, the frames per time bin"
            )


def fold(projection: nn.Sequential) -> tuple[Tensor, Tensor]:
    """Weight (as in `Edge`) and bias that a projection becomes, with a gradient.

    As `conversion.student.fold` does it.
    """
    conv, *norms = projection
    assert isinstance(conv, nn.Conv2d)
    weight = conv.weight
    bias = weight.new_zeros(len(weight)) if conv.bias is None else conv.bias
    for norm in norms:
        assert isinstance(norm, nn.BatchNorm2d | nn.SyncBatchNorm)
        assert norm.running_mean is not None and norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = weight * factor.view(-1, 1, 1, 1)
        bias = (bias - norm.running_mean) * factor + norm.bias
    return (fold_upsampling(weight) if isinstance(conv, UpsampledConv2d) else weight), bias


def straight_through(values: Any, source: Tensor) -> Tensor:
    """`values` in the forward pass, exactly; in the backward pass the identity on `source`."""
    constant = torch.as_tensor(values, dtype=source.dtype, device=source.device)
    return constant + (source - source.detach())


def convolve(x_BCHW: Tensor, weight: Tensor, edge: Edge) -> Tensor:
    """What arrives through an edge, (B, C_out, H_out, W_out), when its weights are `weight`."""
    geometry: dict[str, Any] = {
        "stride": edge.stride,
        "padding": edge.padding,
        "dilation": edge.dilation,
        "groups": edge.groups,
    }
    if edge.kind == "conv_transpose":
        return F.conv_transpose2d(x_BCHW, weight, **geometry)
    return F.conv2d(x_BCHW, weight, **geometry)

"""From the float graph to integers that Loihi can hold.

All numbers of a layer share one scale, because they add up in one accumulator: a float ``x`` of
input becomes ``x / scale`` units of a weight. Edges whose weights are larger than the smallest
edge's take a power of two on top (``weight_exp``), so that each uses its bits. The scale is
chosen such that the threshold is a whole number exactly, and kernels are rounded such that their
sums stay (`conversion.graph.rounding`).

Weights of both signs lose their lowest bits on the chip: with 8 bits they are even,
-256..254 (``lava.proc.dense``, Lava 0.10); with fewer, multiples of 4, 8, 16, 32.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from conversion.graph.fixed_point import (
    DECAY_UNIT,
    MAX_BIAS,
    MAX_BIAS_EXP,
    MAX_DECAY,
    MAX_THRESHOLD,
    MAX_WEIGHT_EXP,
    MIN_WEIGHT,
    WEIGHT_SHIFT,
)
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.graph.overflow import accumulator_range_used
from conversion.graph.rounding import round_keeping_sums

MIN_WEIGHT_BITS, MAX_WEIGHT_BITS = 4, 8
# A layer that has to leave more of its range unused than this is refused, not degraded.
MAX_BITS_LOST = 2


def quantize_graph(
    graph: LayerGraph, *, num_weight_bits: int = 8, largest_input: int | Mapping[str, int]
) -> LayerGraph:
    """The integer graph nearest to a float graph.

    Args:
        num_weight_bits: Bits per weight with its sign, 4 to 8.
        largest_input: Largest count that an input sends in a step, of all graded inputs or by
            name: frames per time bin. Binary inputs send 1.

    Returns:
        The integer graph; `Layer.scale` says what its numbers mean.

    Raises:
        ValueError: For another number of bits, for an integer graph, or for a layer that does not
            fit into the chip's ranges, with its name and what is in the way.
    """
    if graph.arithmetic != "float":
        raise ValueError(f"the graph's arithmetic is {graph.arithmetic!r}; accepted: 'float'")
    by_name = (
        largest_input
        if isinstance(largest_input, Mapping)
        else dict.fromkeys(graph.inputs, largest_input)
    )
    if missing := graph.inputs.keys() - graph.binary_inputs - by_name.keys():
        raise ValueError(f"largest_input lacks inputs {sorted(missing)}; found {dict(by_name)}")
    largest_inputs = {**by_name, **dict.fromkeys(graph.binary_inputs, 1)}
    layers = tuple(
        quantize_layer(layer, num_weight_bits=num_weight_bits, largest_inputs=largest_inputs)
        for layer in graph.layers
    )
    return replace(graph, layers=layers, arithmetic="integer")


def quantize_layer(
    layer: Layer, *, num_weight_bits: int, largest_inputs: Mapping[str, int]
) -> Layer:
    """The integer layer nearest to a float layer; layers do not depend on each other.

    Args:
        largest_inputs: Largest count that each input of the graph sends in a step.

    Raises:
        ValueError: As `quantize_graph`, which quantises all layers of a graph.
    """
    check_weight_bits(num_weight_bits)
    try:
        return _quantize_layer(layer, weight_step(num_weight_bits), largest_inputs)
    except ValueError as error:
        raise ValueError(f"layer {layer.name!r}: {error}") from error


def check_weight_bits(num_weight_bits: int) -> None:
    """Refuse a number of bits per weight that the chip does not have."""
    if not MIN_WEIGHT_BITS <= num_weight_bits <= MAX_WEIGHT_BITS:
        raise ValueError(
            f"num_weight_bits is {num_weight_bits}; "
            f"accepted: {MIN_WEIGHT_BITS} to {MAX_WEIGHT_BITS}"
        )


def quantize_decay_v(decay_v: float) -> int:
    """Decay of a membrane in the chip's units of 1/4096, 0..4095."""
    return min(round(DECAY_UNIT * decay_v), MAX_DECAY)


def weight_step(num_weight_bits: int) -> int:
    """Distance of neighbouring weights of both signs: 2 for 8 bits, 32 for 4."""
    return 1 << (MAX_WEIGHT_BITS + 1 - num_weight_bits)


def bias_mantissa(bias: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], int]:
    """Mantissas and the smallest exponent with which they fit 13 bits.

    Args:
        bias: In units of the membrane.

    Returns:
        Integers -4096..4095 and the exponent; ``mantissa << exponent`` is nearest to `bias`.

    Raises:
        ValueError: When the exponent would exceed 7.
    """
    for exponent in range(MAX_BIAS_EXP + 1):
        mantissa = np.rint(bias / 2**exponent)
        if np.abs(mantissa).max(initial=0) <= MAX_BIAS:
            return mantissa.astype(np.int64), exponent
    raise ValueError(
        f"bias of {np.abs(bias).max():.4g} units of the membrane; "
        f"accepted: up to {MAX_BIAS << MAX_BIAS_EXP}"
    )


def _quantize_layer(layer: Layer, step: int, largest_inputs: Mapping[str, int]) -> Layer:
    """At the scale of the least error at which no accumulator can overflow."""
    if not layer.edges:
        raise ValueError(f"kind {layer.kind!r} takes currents; quantise a graph that takes counts")
    decay_u = round(DECAY_UNIT * layer.decay_u) - 1
    if decay_u < 0:
        raise ValueError(f"decay_u is {layer.decay_u}; accepted: 1/4096 to 1 (1 keeps no current)")
    constants = replace(layer, decay_u=decay_u, decay_v=quantize_decay_v(layer.decay_v))
    full = [scale for edge in layer.edges if (scale := _full_scale(edge, step)) > 0]
    wanted = min(full, default=0.0)
    limits = _limits(layer)
    while True:
        limit = min(limits.values())
        if limit < wanted / 2**MAX_BITS_LOST:
            raise ValueError(
                f"its {min(limits, key=limits.__getitem__)} lets its largest weights use only "
                f"{limit / wanted:.1%} of the weights' range; accepted: {2.0**-MAX_BITS_LOST:.0%} "
                "or more. Train it with a smaller bias and threshold, or with fewer synapses"
            )
        quantized = _at_best_scale(layer, constants, step, limit)
        used = accumulator_range_used(quantized, largest_inputs)
        if used <= 1:
            return quantized
        limits["sum of weights (24-bit accumulator)"] = 0.999 / (quantized.scale * used)


def _limits(layer: Layer) -> dict[str, float]:
    """Largest units per float, by what sets it; the accumulator's is found by trying."""
    limits = {"weights": math.inf}
    if layer.fires:
        limits["threshold"] = MAX_THRESHOLD / layer.v_threshold
    largest_bias = float(np.abs(layer.bias_CHW).max())
    if largest_bias > 0:
        limits["bias"] = (MAX_BIAS << MAX_BIAS_EXP) / (largest_bias * 2**WEIGHT_SHIFT)
    return limits


def _full_scale(edge: Edge, step: int) -> float:
    """Units per float at which the largest weight of an edge uses the whole range."""
    positive, negative = edge.weight.max(initial=0), edge.weight.min(initial=0)
    scales = []
    if positive > 0:
        scales.append((-MIN_WEIGHT - step) / positive)
    if negative < 0:
        scales.append(MIN_WEIGHT / negative)
    return float(min(scales, default=0.0))


def _at_best_scale(layer: Layer, constants: Layer, step: int, limit: float) -> Layer:
    """Of the scales at which some edge uses its whole range, the one of least weight error."""
    full = [scale for edge in layer.edges if (scale := _full_scale(edge, step)) > 0]
    most = min(max(full, default=1.0), limit, 2**MAX_WEIGHT_EXP * min(full, default=1.0))
    best, least = None, math.inf
    # Lower by an octave or more would only waste a bit of every edge.
    octave = (f * 2.0 ** math.floor(math.log2(most / f)) for f in full)
    for scale in dict.fromkeys((most, *octave)):
        units = _whole_threshold(layer, scale)
        edges = tuple(_quantize_edge(edge, units, step) for edge in layer.edges)
        error = sum(
            float(np.square(new.scaled_weight / units - old.weight).sum())
            for new, old in zip(edges, layer.edges, strict=True)
        )
        if error < least:
            best, least = (units, edges), error
    assert best is not None  # `most` itself is always tried
    units, edges = best
    changes: dict[str, object] = {"edges": edges, "scale": 1 / units}
    if layer.fires:
        changes["v_threshold"] = round(layer.v_threshold * units)
    if layer.bias is not None:
        mantissa, exponent = bias_mantissa(layer.bias * units * 2**WEIGHT_SHIFT)
        changes |= {"bias": mantissa, "bias_exp": exponent}
    return replace(constants, **changes)  # type: ignore[arg-type]


def _whole_threshold(layer: Layer, units: float) -> float:
    """Units per float, lowered until the threshold is a whole number."""
    whole = math.floor(layer.v_threshold * units) if layer.fires else 0
    return whole / layer.v_threshold if whole else units


def _quantize_edge(edge: Edge, units: float, step: int) -> Edge:
    """Weights to multiples of `step`, with the smallest exponent at which they fit."""
    full = _full_scale(edge, step)
    exponent = max(0, math.ceil(math.log2(units / full))) if full > 0 else 0
    steps = edge.weight * (units / 2**exponent / step)
    rounded = np.rint(steps) if edge.kind == "dense" else round_keeping_sums(steps)
    # The largest weight may lie a floating-point error beyond the range, and be rounded away.
    weight = step * np.clip(rounded, MIN_WEIGHT // step, -MIN_WEIGHT // step - 1)
    return replace(edge, weight=weight.astype(np.int64), weight_exp=exponent)

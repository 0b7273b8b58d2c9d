"""What conversion did to every layer, in figures."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Edge, Layer, LayerGraph, Shape
from conversion.simulate.simulation import Trace
from conversion.student.readout_depth import membranes_as_float


@dataclass(frozen=True, eq=False)
class Traces:
    """What the same inputs did in the stages of conversion, all time-aligned."""

    student: Trace
    student_float32: Trace
    graph: Trace
    integer: Trace


@dataclass(frozen=True)
class Firing:
    """Spikes of a layer in the stages of conversion.

    Attributes:
        rate: Spikes per neuron and step in the float graph.
        rate_integer: Likewise in the integer graph.
        share_changed: Spikes that the integer graph adds or drops, per spike of the float graph.
        mismatches: Spikes that differ between the student in float64 and the float graph.
        mismatches_float32: Likewise from the student in float32.
    """

    rate: float
    rate_integer: float
    share_changed: float
    mismatches: int
    mismatches_float32: int


@dataclass(frozen=True)
class Drift:
    """Membranes of a readout in the stages of conversion.

    Attributes:
        rms: Root mean square in the float graph.
        from_student: Largest difference from the student in float64.
        integer_rms: Root mean square of the difference between integer and float graph.
    """

    rms: float
    from_student: float
    integer_rms: float


@dataclass(frozen=True)
class LayerRow:
    """One layer.

    Attributes:
        num_weights: Stored weights of all edges (not synapses, which share them).
        bits_used: Per edge, bits that its integer weights need, with the sign, and the power of
            two on top.
    """

    name: str
    shape: Shape
    num_neurons: int
    num_weights: int
    bits_used: tuple[tuple[int, int], ...]
    firing: Firing | None
    drift: Drift | None


def layer_rows(integer_graph: LayerGraph, traces: Traces) -> list[LayerRow]:
    """Figures of every layer, in order."""
    return [
        LayerRow(
            layer.name,
            layer.shape,
            layer.num_neurons,
            sum(edge.weight.size for edge in layer.edges),
            tuple((bits_used(edge), edge.weight_exp) for edge in layer.edges),
            _firing(layer.name, traces) if layer.fires else None,
            None if layer.fires else _drift(layer, traces),
        )
        for layer in integer_graph.layers
    ]


def bits_used(edge: Edge) -> int:
    """Bits, with the sign, of integer weights without their common power of two; 0 if all are 0."""
    weights = edge.weight.astype(np.int64)
    common = int(np.bitwise_or.reduce(weights, axis=None))
    if common == 0:
        return 0
    mantissas = weights // (common & -common)  # the lowest bit that any weight has
    return max(int(mantissas.max()), -int(mantissas.min()) - 1, 0).bit_length() + 1


def check_equal(rows: Iterable[LayerRow], tolerance: float = 1e-9) -> None:
    """Refuse a float graph that is not the student.

    `tolerance` is for the readout's membranes; of spikes none may differ.

    Raises:
        ValueError: Naming the first layer that differs.
    """
    for row in rows:
        if row.firing is not None and row.firing.mismatches:
            difference = f"{row.firing.mismatches} spikes"
        elif row.drift is not None and not row.drift.from_student <= tolerance:
            difference = f"{row.drift.from_student:.3g} of membrane; accepted: {tolerance:g}"
        else:
            continue
        raise ValueError(
            f"layer {row.name!r} is the first that differs between the student (float64) and the "
            f"float graph: by {difference}"
        )


def _firing(name: str, traces: Traces) -> Firing:
    spikes, integer_spikes = traces.graph.spikes[name], traces.integer.spikes[name]
    return Firing(
        float(spikes.mean()),
        float(integer_spikes.mean()),
        _count_different(integer_spikes, spikes) / max(int(spikes.sum()), 1),
        _count_different(traces.student.spikes[name], spikes),
        _count_different(traces.student_float32.spikes[name], spikes),
    )


def _drift(layer: Layer, traces: Traces) -> Drift:
    v = traces.graph.membranes[layer.name]
    integer_v = membranes_as_float(layer, "integer", traces.integer.membranes[layer.name])
    return Drift(
        _rms(v), float(np.abs(traces.student.membranes[layer.name] - v).max()), _rms(integer_v - v)
    )


def _count_different(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(a != b))


def _rms(values: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(values).mean()))

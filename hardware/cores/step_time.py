"""How long a step takes: all cores wait for the slowest one.

In a step a core takes in its messages, drives their synapses, updates its neurons and sends their
spikes; then a barrier holds all cores until the last has finished. How far the parts of one core's
work overlap is not known, and constants of Loihi 2 are not public, so there are two estimates: with
no overlap and Loihi 1's times, and with perfect overlap and Intel's stated speed-ups. The truth
should lie between; on the one published measurement it does (`hardware.energy.published_run`).

Source: barrier and busiest core, SANA-FE (TCAD 2025) and arXiv 2601.10035
(max-affine bound); constants in `constants/latency_*.toml`.

Shape suffixes: S steps on the chip, B samples, K cores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardware.cores.core_load import CoreLoad, Load, in_chip_time
from hardware.energy.constant import Values

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerTime:
    """What limits a layer.

    Attributes:
        imbalance: Time of the slowest core over that of the mean core.
    """

    layer: str
    busiest_us: float
    imbalance: float
    bottleneck: str


@dataclass(frozen=True, eq=False)
class StepTime:
    """Duration of the steps of a network on the chip, in us; `step_us_SB` includes the barrier."""

    step_us_SB: Times
    barrier_us: float
    layers: tuple[LayerTime, ...]

    @property
    def mean_us(self) -> float:
        """Mean step."""
        return float(self.step_us_SB.mean())

    @property
    def sample_us_B(self) -> Times:
        """All steps of a sample: latency of a lone sample, period of a stream."""
        total: Times = self.step_us_SB.sum(0)
        return total

    @property
    def busiest(self) -> LayerTime:
        """The layer that the others wait for, on average."""
        return max(self.layers, key=lambda layer: layer.busiest_us)


def step_time(
    loads: Sequence[CoreLoad],
    arrival_steps: Mapping[str, int],
    values: Values,
    *,
    overlap: bool,
    num_drain_steps: int | None = None,
) -> StepTime:
    """How long the steps take.

    Args:
        overlap: Whether the parts of a core's work run at the same time, so that the longest
            counts; else they follow each other.
        num_drain_steps: As for `hardware.cores.core_load.in_chip_time`.
    """
    slowest: list[Times] = []
    layers = []
    for load in loads:
        parts = {
            name: in_chip_time(part, arrival_steps[load.layer], num_drain_steps)
            for name, part in work_ns(load, values).items()
        }
        # Neurons are updated in every step, also before the sample arrives and after it has left.
        parts["updates"] = np.broadcast_to(
            load.neurons_K * values["update_ns"], parts["synapses"].shape
        )
        stacked = np.stack(list(parts.values()))
        core_ns_SBK = stacked.max(0) if overlap else stacked.sum(0)
        slowest.append(core_ns_SBK.max(2))
        layers.append(_layer_time(load.layer, core_ns_SBK, dict(zip(parts, stacked, strict=True))))
    barrier_ns = float(np.asarray(values["barrier_ns"]))
    step_us_SB = (np.max(slowest, axis=0) + barrier_ns) / 1e3
    return StepTime(step_us_SB, barrier_ns / 1e3, tuple(layers))


@dataclass(frozen=True, eq=False)
class Bracket:
    """Two estimates of the duration of a step, between which the truth should lie."""

    low: StepTime
    high: StepTime

    def __contains__(self, step_us: float) -> bool:
        return self.low.mean_us <= step_us <= self.high.mean_us


def step_bracket(
    loads: Sequence[CoreLoad],
    arrival_steps: Mapping[str, int],
    fast: Values,
    slow: Values,
    *,
    num_drain_steps: int | None = None,
) -> Bracket:
    """Both estimates: times of Loihi 2 (`fast`) with overlap, of Loihi 1 (`slow`) without."""
    fastest, slowest = (
        step_time(loads, arrival_steps, values, overlap=overlap, num_drain_steps=num_drain_steps)
        for values, overlap in ((fast, True), (slow, False))
    )
    return Bracket(fastest, slowest)


def work_ns(load: CoreLoad, values: Values) -> dict[str, Load]:
    """Time (T, B, K) that a layer's cores need for what events cause, by part; without updates."""
    synapses = load.synops_TBK * values["synop_conv_ns"]
    dense_synapses = load.dense_synops_TBK * values["synop_dense_ns"]
    return {
        "messages in": load.messages_in_TBK * values["message_in_ns"],
        "synapses": synapses + dense_synapses,
        "spikes": load.spikes_TBK * values["spike_ns"],
        "messages out": load.messages_out_TBK * values["message_out_ns"],
    }


def _layer_time(name: str, core_ns_SBK: Times, parts: Mapping[str, Times]) -> LayerTime:
    slowest = core_ns_SBK.argmax(2)[..., None]
    on_slowest = {
        part: float(np.take_along_axis(ns, slowest, 2).mean()) for part, ns in parts.items()
    }
    busiest_ns = float(core_ns_SBK.max(2).mean())
    return LayerTime(
        name,
        busiest_ns / 1e3,
        busiest_ns / float(core_ns_SBK.mean()),
        max(on_slowest, key=lambda part: on_slowest[part]),
    )

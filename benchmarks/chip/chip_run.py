"""What a network does to the chip it is mapped to, over all samples of a report.

Loads of all cores in all steps are too large to keep for every sample, so they are reduced batch by
batch.

Shape suffixes: S steps on the chip, B samples.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardware.cores.core_load import core_loads
from hardware.cores.mapping import CoreMap
from hardware.cores.step_time import LayerTime, step_bracket
from hardware.counts.traffic import Traffic, count_traffic
from hardware.counts.workload import Workload
from hardware.energy.constant import load_constants

Numbers = npt.NDArray[np.float64]
ENDS = ("low", "high")


@dataclass(frozen=True, eq=False)
class BatchOnChip:
    """A batch.

    Attributes:
        pipelined_us_SB: Duration of the steps when samples follow each other, by bracket end.
        isolated_us_SB: Duration of the steps of a lone sample, likewise.
        layers: What limits each layer when samples follow each other, likewise.
        busiest_synops: Synaptic operations per step of each layer's busiest core.
        mean_synops: Of its mean core.
        core_synops_K: Of every core, layer after layer.
    """

    traffic: list[Traffic]
    pipelined_us_SB: dict[str, Numbers]
    isolated_us_SB: dict[str, Numbers]
    layers: dict[str, tuple[LayerTime, ...]]
    busiest_synops: Numbers
    mean_synops: Numbers
    core_synops_K: Numbers


class ChipRun:
    """What a mapped network does to its chip, gathered batch by batch."""

    def __init__(self, core_map: CoreMap) -> None:
        self.core_map = core_map
        self._fast = load_constants(core_map.chip.latency_low_set).values
        self._slow = load_constants(core_map.chip.latency_high_set).values
        self._batches: list[BatchOnChip] = []

    def add(self, workload: Workload) -> None:
        """Take in a batch of the mapped network."""
        loads = core_loads(workload, self.core_map)
        steps = workload.arrival_steps
        pipelined = step_bracket(loads, steps, self._fast, self._slow)
        isolated = step_bracket(
            loads, steps, self._fast, self._slow, num_drain_steps=workload.num_pipeline_steps
        )
        synops = [load.synops_TBK + load.dense_synops_TBK for load in loads]
        self._batches.append(
            BatchOnChip(
                count_traffic(workload, self.core_map),
                {end: getattr(pipelined, end).step_us_SB for end in ENDS},
                {end: getattr(isolated, end).step_us_SB for end in ENDS},
                {end: getattr(pipelined, end).layers for end in ENDS},
                np.array([s.max(2).mean() for s in synops]),
                np.array([s.mean() for s in synops]),
                np.concatenate([s.mean((0, 1)) for s in synops]),
            )
        )

    @property
    def traffic(self) -> list[Traffic]:
        """Of all samples, per layer."""
        joined = []
        for parts in zip(*(batch.traffic for batch in self._batches), strict=True):
            counts = {
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in vars(parts[0])
                if name != "layer"
            }
            joined.append(Traffic(parts[0].layer, **counts))
        return joined

    def step_us(self, end: str) -> Numbers:
        """Durations of the steps of a stream of samples, (S, B), at an end of the bracket."""
        return np.concatenate([batch.pipelined_us_SB[end] for batch in self._batches], axis=1)

    def isolated_us(self, end: str) -> Numbers:
        """Duration of all steps of a sample that comes alone, (B,), at an end of the bracket."""
        return np.concatenate([batch.isolated_us_SB[end].sum(0) for batch in self._batches])

    def layer_times(self, end: str) -> list[LayerTime]:
        """What limits each layer, means over batches; the bottleneck is that of the first."""
        times = []
        for parts in zip(*(batch.layers[end] for batch in self._batches), strict=True):
            busiest_us, imbalance = (
                float(np.mean([getattr(part, name) for part in parts]))
                for name in ("busiest_us", "imbalance")
            )
            times.append(LayerTime(parts[0].layer, busiest_us, imbalance, parts[0].bottleneck))
        return times

    @property
    def core_synops_K(self) -> Numbers:
        """Synaptic operations per step of every core, in the order of `CoreMap`."""
        found: Numbers = np.mean([batch.core_synops_K for batch in self._batches], axis=0)
        return found

    @property
    def synops_per_core(self) -> tuple[Numbers, Numbers]:
        """Per layer, synaptic operations per step of the mean and of the busiest core."""
        mean = np.mean([batch.mean_synops for batch in self._batches], axis=0)
        busiest = np.mean([batch.busiest_synops for batch in self._batches], axis=0)
        return mean, busiest

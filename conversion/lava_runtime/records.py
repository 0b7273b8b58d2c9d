"""Files that the recorders of a network write, one per layer and kind, and what is in them."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.lava_runtime.layout import record_SBCHW
from conversion.simulate.simulation import Trace, samples_of_stream


@dataclass(frozen=True)
class Records:
    """Where a network's layers are recorded.

    Attributes:
        folder: Holds the files; layers are numbered, for their names may be no file's.
        all_membranes: Whether membranes of firing layers are recorded too.
    """

    graph: LayerGraph
    folder: Path
    all_membranes: bool

    def spikes_path(self, layer: Layer) -> Path | None:
        """File of the layer's spikes; None for a readout, which has none."""
        return self._path(layer, "spikes") if layer.fires else None

    def membranes_path(self, layer: Layer) -> Path | None:
        """File of the layer's membranes; None where they are not recorded."""
        wanted = self.all_membranes or not layer.fires
        return self._path(layer, "membranes") if wanted else None

    def trace(self, num_samples: int, num_steps: int, reset_period: int) -> Trace:
        """The time-aligned trace: each layer shifted back by the steps that the input takes to it.

        Args:
            num_samples: Samples that followed each other.
            num_steps: Steps per sample.
            reset_period: Steps from the start of one sample to the start of the next.
        """

        def samples(record: npt.NDArray[Any], layer: Layer) -> npt.NDArray[Any]:
            return samples_of_stream(
                record_SBCHW(record, layer.shape),
                self.graph.arrival_steps[layer.name],
                num_samples,
                num_steps,
                reset_period,
            )

        is_integer = self.graph.arithmetic == "integer"
        spikes, membranes = {}, {}
        for layer in self.graph.layers:
            if (path := self.spikes_path(layer)) is not None:
                packed = np.fromfile(path, np.uint8).reshape(-1, math.ceil(layer.num_neurons / 8))
                bits = np.unpackbits(packed, axis=1, count=layer.num_neurons)
                spikes[layer.name] = samples(bits.view(bool), layer)
            if (path := self.membranes_path(layer)) is not None:
                values = np.fromfile(path, np.int32 if is_integer else np.float64)
                membranes[layer.name] = samples(values, layer)
        return Trace(spikes, membranes)

    def _path(self, layer: Layer, kind: str) -> Path:
        return self.folder / f"{self.graph.layers.index(layer)}.{kind}"

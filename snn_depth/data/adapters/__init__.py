"""Public data sets in the layout in which they are published, ready for a recipe's `data`."""

from snn_depth.data.adapters.base import DatasetLayout, LayoutReport
from snn_depth.data.adapters.dense_spike import DenseSpike
from snn_depth.data.adapters.pku_spike_stereo import PkuSpikeStereo

ADAPTERS: tuple[type[DatasetLayout], ...] = (PkuSpikeStereo, DenseSpike)

__all__ = ["ADAPTERS", "DatasetLayout", "DenseSpike", "LayoutReport", "PkuSpikeStereo"]

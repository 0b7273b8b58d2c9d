"""Public data sets in the layout in which they are published, ready for a recipe's `data`."""

from snn_depth.data.sets.public.dense_spike import DenseSpike
from snn_depth.data.sets.public.driving_stereo import DrivingStereo, DrivingStereoWeather
from snn_depth.data.sets.public.kitti_raw import KittiRaw
from snn_depth.data.sets.public.nyu_v2 import NyuV2
from snn_depth.data.sets.public.pku_spike_stereo import PkuSpikeStereo
from snn_depth.data.sets.public.public_dataset import DatasetLayout, LayoutReport
from snn_depth.data.sets.public.virtual_kitti2 import VirtualKitti2

ADAPTERS: tuple[type[DatasetLayout], ...] = (
    VirtualKitti2,
    KittiRaw,
    DrivingStereo,
    DrivingStereoWeather,
    NyuV2,
    PkuSpikeStereo,
    DenseSpike,
)

__all__ = [
    "ADAPTERS",
    "DatasetLayout",
    "DenseSpike",
    "DrivingStereo",
    "DrivingStereoWeather",
    "KittiRaw",
    "LayoutReport",
    "NyuV2",
    "PkuSpikeStereo",
    "VirtualKitti2",
]

"""Public data sets in the layout in which they are published, ready for a recipe's `data`."""

from snn_depth.data.adapters.base import DatasetLayout, LayoutReport

ADAPTERS: tuple[type[DatasetLayout], ...] = ()

__all__ = ["ADAPTERS", "DatasetLayout", "LayoutReport"]

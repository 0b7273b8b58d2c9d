"""What layers did, as a group of an HDF5 file.

``spikes/<layer>`` holds bits, packed along the last axis, ``membranes/<layer>`` numbers; both with
the axes T, B, C, H, W.
"""

from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from conversion.simulate.simulation import Trace


def write_trace(group: h5py.Group, trace: Trace) -> None:
    """Write a trace into an empty group."""
    for name, spikes in trace.spikes.items():
        write_array(group, f"spikes/{name}", np.packbits(spikes, axis=-1))
        group[f"spikes/{name}"].attrs["num_columns"] = spikes.shape[-1]
    for name, membranes in trace.membranes.items():
        write_array(group, f"membranes/{name}", membranes)


def read_trace(group: h5py.Group) -> Trace:
    """The trace that `write_trace` has written.

    Raises:
        KeyError: For a missing entry.
        OSError: For damaged data.
    """
    spikes = {}
    for name, packed in group.get("spikes", {}).items():
        count = int(packed.attrs["num_columns"])
        spikes[name] = np.unpackbits(packed[()], axis=-1, count=count).astype(bool)
    return Trace(spikes, {name: values[()] for name, values in group.get("membranes", {}).items()})


def write_array(group: h5py.Group, key: str, values: npt.NDArray[Any]) -> None:
    """Write numbers that are mostly small, compressed and with a checksum.

    Args:
        group: Where to write.
        key: Name of the data set.
        values: Steps or samples along the first axis, by which they can be read.
    """
    group.create_dataset(
        key,
        data=values,
        chunks=(1, *values.shape[1:]),  # a step or sample
        compression="gzip",  # with a checksum
        compression_opts=1,
        shuffle=True,  # the highest bytes of membranes are all alike
    )

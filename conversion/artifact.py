"""The file in which a converted network is handed over: one HDF5 with its own test vector.

Attributes: format, schema_version, layout ("CHW"), reset_period, provenance (JSON). Groups:

- ``layer``: the graph (`conversion.graph_file`)
- ``float``: the float graph that an integer graph was made of; optional
- ``test_vector``: ``inputs`` (T, B, C, H, W); ``spikes/<layer>``, bits packed along the last axis;
  ``membranes/<layer>`` after every step; optional. All is time-aligned: a layer's first row is the
  first step of the sample, however long it takes to get there on the chip.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from conversion.graph_file import read_graph, write_graph
from conversion.layer_graph import LayerGraph
from conversion.simulation import Trace
from snn_depth.atomic import atomic_path

FORMAT = "snn-depth-chip-network"
SCHEMA_VERSION = 1

_FLOAT, _TEST_VECTOR = "float", "test_vector"


@dataclass(frozen=True, eq=False)
class TestVector:
    """Inputs and what the network must make of them.

    Attributes:
        inputs_TBCHW: Spikes or counts per step.
        expected: Time-aligned trace in the graph's arithmetic.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    inputs_TBCHW: npt.NDArray[Any]
    expected: Trace


@dataclass(frozen=True, eq=False)
class Artifact:
    """A converted network.

    Attributes:
        graph: Integer graph, or a float graph for Lava's floating-point neurons.
        reset_period: Steps from the start of one sample to the start of the next.
        test_vector: To prove an implementation by.
        float_graph: What an integer graph was made of.
        provenance: Where it comes from; anything that JSON can hold.
    """

    graph: LayerGraph
    reset_period: int
    test_vector: TestVector | None = None
    float_graph: LayerGraph | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def write_artifact(path: Path, artifact: Artifact) -> None:
    """Write the file, whole or not at all.

    Args:
        path: File to write, ``.h5``.
        artifact: What to write.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["layout"] = "CHW"
        file.attrs["reset_period"] = artifact.reset_period
        file.attrs["provenance"] = json.dumps(dict(artifact.provenance))
        write_graph(file, artifact.graph, artifact.reset_period)
        if artifact.float_graph is not None:
            group = file.create_group(_FLOAT)
            write_graph(group, artifact.float_graph, artifact.reset_period)
        if artifact.test_vector is not None:
            _write_test_vector(file.create_group(_TEST_VECTOR), artifact.test_vector)


def read_artifact(path: Path) -> Artifact:
    """Read what `write_artifact` has written.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: For a damaged file, one of another format, or of another schema version.
    """
    try:
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            return Artifact(
                read_graph(file),
                int(file.attrs["reset_period"]),
                _read_test_vector(file[_TEST_VECTOR]) if _TEST_VECTOR in file else None,
                read_graph(file[_FLOAT]) if _FLOAT in file else None,
                json.loads(file.attrs["provenance"]),
            )
    except FileNotFoundError:
        raise
    except (OSError, KeyError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged, or not an HDF5 file: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _check_format(file: h5py.File, path: Path) -> None:
    found = file.attrs.get("format")
    if found != FORMAT:
        raise ValueError(f"format is {found!r}; accepted: {FORMAT!r}")
    version = int(file.attrs["schema_version"])
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"schema version is {version}; accepted: {SCHEMA_VERSION}; convert the network again"
        )


def _write_test_vector(group: h5py.Group, vector: TestVector) -> None:
    _write(group, "inputs", vector.inputs_TBCHW)
    for name, spikes in vector.expected.spikes.items():
        _write(group, f"spikes/{name}", np.packbits(spikes, axis=-1))
        group[f"spikes/{name}"].attrs["num_columns"] = spikes.shape[-1]
    for name, membranes in vector.expected.membranes.items():
        _write(group, f"membranes/{name}", membranes)


def _read_test_vector(group: h5py.Group) -> TestVector:
    spikes = {}
    for name, packed in group.get("spikes", {}).items():
        count = int(packed.attrs["num_columns"])
        spikes[name] = np.unpackbits(packed[()], axis=-1, count=count).astype(bool)
    membranes = {name: values[()] for name, values in group.get("membranes", {}).items()}
    return TestVector(group["inputs"][()], Trace(spikes, membranes))


def _write(group: h5py.Group, key: str, values: npt.NDArray[Any]) -> None:
    group.create_dataset(
        key,
        data=values,
        chunks=(1, *values.shape[1:]),  # a step
        compression="gzip",  # with a checksum
        compression_opts=1,
        shuffle=True,  # the highest bytes of membranes are all alike
    )

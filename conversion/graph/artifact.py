"""The file in which a converted network is handed over: one HDF5 with its own test vector.

Attributes: format, schema_version, layout ("CHW"), reset_period, provenance (JSON). Groups:

- ``port``, ``layer``: inputs and layers of the graph (`conversion.graph.graph_file`)
- ``float``: the float graph that an integer graph was made of; optional
- ``test_vector``: ``inputs/<port>`` (T, B, C, H, W); what they cause (`trace_file`), with the
  membranes of readouts; ``last_membranes/<layer>`` (B, C, H, W), those of all layers after the last
  step, which tell of any error before it; optional. All is time-aligned: a layer's first row is
  the first step of the sample, however long it takes to get there on the chip.

Schema 2, which is read too, has one input: no ports, and ``test_vector/inputs`` is its array.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy.typing as npt

from conversion.graph.graph_file import read_graph, write_graph
from conversion.graph.inputs import Inputs
from conversion.graph.layer_graph import INPUT, LayerGraph
from conversion.simulate.simulation import Trace
from conversion.simulate.trace_file import read_trace, write_array, write_trace
from snn_depth.files.atomic import atomic_path

FORMAT = "snn-depth-chip-network"
SCHEMA_VERSION = 3
READABLE_VERSIONS = (2, 3)

_FLOAT, _TEST_VECTOR = "float", "test_vector"


@dataclass(frozen=True, eq=False)
class TestVector:
    """Inputs and what the network must make of them.

    Attributes:
        inputs: Spikes or counts per step, (T, B, C, H, W) by name of the input.
        expected: Time-aligned trace in the graph's arithmetic, with the readouts' membranes.
        last_membranes_BCHW: Membranes of every layer after the last step, by name.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    inputs: Mapping[str, npt.NDArray[Any]]
    expected: Trace
    last_membranes_BCHW: Mapping[str, npt.NDArray[Any]]

    @staticmethod
    def of_run(inputs: Inputs, trace: Trace) -> "TestVector":
        """The part of a run that is kept: membranes after every step would be most of the file.

        Args:
            inputs: What was put in; a plain array is for the input named "input".
            trace: What it caused, with the membranes of all layers.
        """
        readouts = {name: v for name, v in trace.membranes.items() if name not in trace.spikes}
        last = {name: v_TBCHW[-1] for name, v_TBCHW in trace.membranes.items()}
        named = inputs if isinstance(inputs, Mapping) else {INPUT: inputs}
        return TestVector(named, Trace(trace.spikes, readouts), last)


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
    """Write the file, whole or not at all."""
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

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: For a damaged file, one of another format, or of another schema version.
    """
    try:
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            provenance = json.loads(file.attrs["provenance"])
            # What schema 2 said of the input's kind stands there.
            spikes = "port" not in file and provenance.get("largest_input") == 1
            binary_input = [INPUT] if spikes else []
            return Artifact(
                read_graph(file, binary_input),
                int(file.attrs["reset_period"]),
                _read_test_vector(file[_TEST_VECTOR]) if _TEST_VECTOR in file else None,
                read_graph(file[_FLOAT], binary_input) if _FLOAT in file else None,
                provenance,
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
    if version not in READABLE_VERSIONS:
        raise ValueError(
            f"schema version is {version}; accepted: {', '.join(map(str, READABLE_VERSIONS))}; "
            "convert the network again"
        )


def _write_test_vector(group: h5py.Group, vector: TestVector) -> None:
    for name, x_TBCHW in vector.inputs.items():
        write_array(group, f"inputs/{name}", x_TBCHW)
    write_trace(group, vector.expected)
    for name, v_BCHW in vector.last_membranes_BCHW.items():
        write_array(group, f"last_membranes/{name}", v_BCHW)


def _read_test_vector(group: h5py.Group) -> TestVector:
    last_membranes = {name: v_BCHW[()] for name, v_BCHW in group["last_membranes"].items()}
    stored = group["inputs"]
    named = {INPUT: stored} if isinstance(stored, h5py.Dataset) else stored  # schema 2, or 3
    inputs = {name: x_TBCHW[()] for name, x_TBCHW in named.items()}
    return TestVector(inputs, read_trace(group), last_membranes)

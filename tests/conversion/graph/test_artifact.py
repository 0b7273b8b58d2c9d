import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from conversion.graph.artifact import Artifact, TestVector, read_artifact, write_artifact
from conversion.graph.layer_graph import LayerGraph
from conversion.simulate import float_simulator, integer_simulator
from tests.conversion.small_graphs import counts, skip_graph, two_input_graph, two_inputs


def artifact() -> Artifact:
    graph, inputs = skip_graph(), counts()
    expected = integer_simulator.simulate(graph, inputs, record_membranes=True)
    return Artifact(
        graph,
        reset_period=7,
        test_vector=TestVector.of_run(inputs.astype(np.uint8), expected),
        float_graph=skip_graph("float"),
        provenance={"checkpoint": "student", "abs_rel": 0.125},
    )


def assert_same(actual: LayerGraph, expected: LayerGraph) -> None:
    assert list(actual.inputs.items()) == list(expected.inputs.items())
    assert actual.binary_inputs == expected.binary_inputs
    assert actual.arithmetic == expected.arithmetic
    for old, new in zip(expected.layers, actual.layers, strict=True):
        for key in ("name", "kind", "shape", "decay_u", "decay_v", "bias_exp", "scale"):
            assert getattr(new, key) == getattr(old, key), (old.name, key)
        assert new.v_threshold == old.v_threshold or not old.fires
        assert np.array_equal(new.bias, old.bias)
        for before, after in zip(old.edges, new.edges, strict=True):
            assert np.array_equal(after.weight, before.weight)
            for key in before.__dataclass_fields__.keys() - {"weight"}:
                assert getattr(after, key) == getattr(before, key), (old.name, key)


def test_round_trip(tmp_path: Path) -> None:
    written = artifact()
    write_artifact(tmp_path / "net.h5", written)
    read = read_artifact(tmp_path / "net.h5")
    assert_same(read.graph, written.graph)
    assert_same(read.float_graph, written.float_graph)  # type: ignore[arg-type]
    assert read.reset_period == 7
    assert read.provenance == {"checkpoint": "student", "abs_rel": 0.125}
    assert np.array_equal(read.test_vector.inputs["input"], counts())  # type: ignore[union-attr]
    assert read.test_vector.inputs["input"].dtype == np.uint8  # type: ignore[union-attr]


def test_ports_round_trip(tmp_path: Path) -> None:
    """Names, shapes and kinds of two inputs, and a test vector with both."""
    graph, inputs = two_input_graph(), two_inputs()
    expected = integer_simulator.simulate(graph, inputs, record_membranes=True)
    written = Artifact(
        graph, 7, TestVector.of_run(inputs, expected), float_graph=two_input_graph("float")
    )
    write_artifact(tmp_path / "net.h5", written)
    with h5py.File(tmp_path / "net.h5") as file:
        ports = [dict(file[f"port/{i}"].attrs) for i in range(2)]
        assert [(p["name"], p["kind"]) for p in ports] == [
            ("spikes", "binary"),
            ("thermal", "graded"),
        ]
        assert [p["shape"].tolist() for p in ports] == [[2, 6, 8], [1, 3, 4]]
        assert file.attrs["schema_version"] == 3
    read = read_artifact(tmp_path / "net.h5")
    assert_same(read.graph, graph)
    assert_same(read.float_graph, written.float_graph)  # type: ignore[arg-type]
    vector = read.test_vector
    assert vector is not None
    again = integer_simulator.simulate(read.graph, vector.inputs, record_membranes=True)
    assert set(vector.expected.spike_mismatches(again).values()) == {0}
    assert set(vector.expected.membrane_differences(again).values()) == {0}


@pytest.mark.parametrize(("largest_input", "is_binary"), [(1, True), (16, False), (None, False)])
def test_schema_2_had_one_input_without_a_name(
    tmp_path: Path, largest_input: int | None, is_binary: bool
) -> None:
    path = tmp_path / "net.h5"
    write_artifact(path, artifact())
    with h5py.File(path, "r+") as file:
        inputs = file["test_vector/inputs/input"][()]
        del file["test_vector/inputs"]
        file["test_vector/inputs"] = inputs
        for group in (file, file["float"]):
            group.attrs["input_shape"] = group["port/0"].attrs["shape"]
            del group["port"]
        file.attrs["schema_version"] = 2
        file.attrs["provenance"] = json.dumps({"largest_input": largest_input})
    read = read_artifact(path)
    binary = frozenset({"input"} if is_binary else ())
    assert_same(read.graph, replace(skip_graph(), binary_inputs=binary))
    assert_same(
        read.float_graph,  # type: ignore[arg-type]
        replace(skip_graph("float"), binary_inputs=binary),
    )
    assert np.array_equal(read.test_vector.inputs["input"], counts())  # type: ignore[union-attr]


def test_test_vector_proves_the_graph(tmp_path: Path) -> None:
    write_artifact(tmp_path / "net.h5", artifact())
    read = read_artifact(tmp_path / "net.h5")
    vector = read.test_vector
    assert vector is not None
    again = integer_simulator.simulate(read.graph, vector.inputs["input"], record_membranes=True)
    assert vector.expected.spike_mismatches(again) == dict.fromkeys("abcd", 0)
    assert vector.expected.membrane_differences(again) == {"out": 0}
    assert vector.last_membranes_BCHW.keys() == set("abcd") | {"out"}
    for name, v_BCHW in vector.last_membranes_BCHW.items():
        assert v_BCHW.any() and np.array_equal(v_BCHW, again.membranes[name][-1])


def test_float_graph_without_extras(tmp_path: Path) -> None:
    graph = skip_graph("float")
    write_artifact(tmp_path / "net.h5", Artifact(graph, reset_period=7))
    read = read_artifact(tmp_path / "net.h5")
    assert_same(read.graph, graph)
    assert read.test_vector is None
    assert read.float_graph is None
    before = float_simulator.simulate(graph, counts()).membranes["out"]
    after = float_simulator.simulate(read.graph, counts()).membranes["out"]
    assert np.array_equal(before, after)


def test_keys_are_those_of_netx(tmp_path: Path) -> None:
    write_artifact(tmp_path / "net.h5", artifact())
    with h5py.File(tmp_path / "net.h5") as file:
        layer = file["layer/2"]
        assert layer.attrs["name"] == "c"
        assert (layer["neuron/iDecay"][()], layer["neuron/vDecay"][()]) == (3001, 1024)
        assert layer["neuron/vThMant"][()] == 90
        # arrives at step 3 counted from 0, which is Lava's step 4
        attributes = ["arrival_step", "reset_offset", "reset_interval"]
        assert [layer.attrs[key] for key in attributes] == [3, 4, 7]
        edge = layer["edge/0"]
        assert edge["type"][0] == b"convT"
        assert (edge["inChannels"][()], edge["outChannels"][()]) == (6, 4)
        assert edge["kernelSize"][()].tolist() == [4, 4]
        assert [layer[f"edge/{j}/delay"][()] for j in range(3)] == [0, 1, 2]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    write_artifact(path, artifact())
    whole = path.read_bytes()
    for damaged in (b"", b"no HDF5", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged, or not an HDF5 file"):
            read_artifact(path)
    with pytest.raises(FileNotFoundError):
        read_artifact(tmp_path / "missing.h5")


@pytest.mark.parametrize(
    "key",
    [
        "layer/2/edge/0/weight",
        "layer/2/bias",
        "test_vector/inputs/input",
        "test_vector/membranes/out",
        "test_vector/last_membranes/a",
    ],
)
def test_a_single_wrong_bit_is_noticed(tmp_path: Path, key: str) -> None:
    path = tmp_path / "net.h5"
    write_artifact(path, artifact())
    with h5py.File(path) as file:
        chunk = file[key].id.get_chunk_info(0)
    whole = bytearray(path.read_bytes())
    whole[chunk.byte_offset + chunk.size // 3] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="damaged"):
        read_artifact(path)


def test_foreign_and_other_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    h5py.File(path, "w").close()
    with pytest.raises(ValueError, match="format is None; accepted: 'snn-depth-chip-network'"):
        read_artifact(path)
    for change, message in [
        ({"schema_version": 1}, "schema version is 1; accepted: 2, 3; convert the network again"),
        ({"format": "snn-depth-recording"}, "format is 'snn-depth-recording'"),
        ({"arithmetic": "ternary"}, "found 'ternary'; accepted: float, integer"),
        ({"provenance": "{"}, str(path)),
    ]:
        write_artifact(path, artifact())
        with h5py.File(path, "r+") as file:
            file.attrs.update(change)
        with pytest.raises(ValueError, match=message):
            read_artifact(path)


def test_missing_parts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    for key in (
        "layer/1",
        "layer/1/edge/0/weight",
        "layer/1/neuron/vDecay",
        "test_vector/inputs",
        "test_vector/last_membranes",
    ):
        write_artifact(path, artifact())
        with h5py.File(path, "r+") as file:
            del file[key]
        with pytest.raises(ValueError, match=str(path)):
            read_artifact(path)


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    write_artifact(path, artifact())
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_artifact(path, Artifact(skip_graph(), 7, provenance={"no JSON": object()}))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_artifact_and_simulators_do_without_torch() -> None:
    folders = {
        "graph": "artifact",
        "simulate": "float_simulator, integer_simulator",
        "formats": "netx_file, netx_writer",
    }
    imports = "".join(f"from conversion.{folder} import {m}; " for folder, m in folders.items())
    program = f"import sys; {imports}sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root).returncode == 0

"""Exported steps in ONNX Runtime (float32) and in ONNX's reference implementation (float64)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from conversion.formats.onnx_export import onnx_model, write_onnx
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.simulate.float_simulator import simulate
from conversion.student.extract import extract_graph
from conversion.student.readout_depth import depth_of_readout
from snn_depth.models.padding import upsample_to_input
from tests.conversion import calibrated_student as student
from tests.conversion.onnx_run import run_steps, session_of
from tests.conversion.small_graphs import SHAPE, counts, skip_graph, two_input_graph, two_inputs

DTYPES = {"float32": 1e-5, "float64": 1e-12}  # and the tolerance of membranes


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_of_edge(dtype: str) -> None:
    graph = skip_graph("float")
    expected = simulate(graph, counts(), record_membranes=True)
    model = onnx_model(graph, dtype=dtype)
    onnx.checker.check_model(model, full_check=True)
    found, _ = run_steps(model, counts())
    for name, spikes in expected.spikes.items():
        assert spikes.any() and found[f"{name}_spikes"].dtype == bool
        assert np.array_equal(found[f"{name}_spikes"], spikes), name
    for name, v in expected.membranes.items():
        assert found[f"{name}_v_next"].dtype == dtype
        np.testing.assert_allclose(found[f"{name}_v_next"], v, rtol=0, atol=DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_currents_as_input_and_bias_per_neuron(dtype: str) -> None:
    neurons = Layer("n", "input_lif", SHAPE, 0.25, 1.5, 0.5, np.linspace(-1, 1, 192).reshape(SHAPE))
    graph = LayerGraph({"input": SHAPE}, (neurons,))
    found, _ = run_steps(onnx_model(graph, dtype=dtype), counts())
    spikes = simulate(graph, counts()).spikes["n"]
    assert 0.1 < spikes.mean() < 0.9
    assert np.array_equal(found["n_spikes"], spikes)


def test_threshold_is_strict() -> None:
    at = Layer("n", "input_lif", (1, 1, 1), decay_v=0.5, v_threshold=1.0)
    inputs = np.array([1.0, 0.5, 0.75]).reshape(3, 1, 1, 1, 1)
    found, _ = run_steps(onnx_model(LayerGraph({"input": (1, 1, 1)}, (at,))), inputs)
    assert found["n_spikes"].ravel().tolist() == [False, False, True]
    assert found["n_v_next"].ravel().tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_state_hands_over(dtype: str) -> None:
    model = onnx_model(skip_graph("float"), dtype=dtype)
    assert {i.name for i in model.graph.input} == {"counts"} | {
        f"{name}_{state}" for name in ("a", "b", "c", "d", "out") for state in "uv"
    }
    whole, last = run_steps(model, counts())
    first, state = run_steps(model, counts()[:3])
    second, end = run_steps(model, counts()[3:], state)
    for name, values in whole.items():
        assert np.array_equal(np.concatenate([first[name], second[name]]), values)
    assert all(np.array_equal(end[name], last[name]) for name in last)


def test_batch_is_free_and_outputs_can_be_chosen() -> None:
    model = onnx_model(skip_graph("float"))
    one, _ = run_steps(model, counts(num_samples=1))
    for batch in (1, 5):
        repeated = np.repeat(counts(num_samples=1), batch, axis=1)
        many, _ = run_steps(model, repeated)
        assert many["out_v_next"].shape == (7, batch, 2, 1, 1)
        assert np.array_equal(many["c_spikes"], np.repeat(one["c_spikes"], batch, axis=1))
    zeros = {
        i.name: np.zeros([1, *(d.dim_value for d in i.type.tensor_type.shape.dim[1:])], np.float32)
        for i in model.graph.input
    }
    assert len(session_of(model).run(["out_v_next"], zeros)) == 1


def test_no_input_for_what_is_not_kept() -> None:
    graph = skip_graph("float")
    layers = tuple(replace(layer, decay_u=1.0) for layer in graph.layers)
    model = onnx_model(replace(graph, layers=layers))
    names = {tensor.name for tensor in (*model.graph.input, *model.graph.output)}
    assert "a_v" in names and not any("_u" in name for name in names)


def test_student_and_its_depth(tmp_path: Path) -> None:
    network, height, width = student.calibrated_student(), 26, 60
    graph = extract_graph(network, height, width)
    counts = student.counts(height=height, width=width)
    inputs = np.pad(counts, [(0, 0)] * 3 + [(0, 6), (0, 4)])
    provenance = {"depth_range_m": [1.0, 80.0], "seed": 3}
    write_onnx(tmp_path / "student.onnx", graph, provenance)
    model = onnx.load(tmp_path / "student.onnx")
    expected = simulate(graph, inputs)
    found, _ = run_steps(model, inputs)
    for name, spikes in expected.spikes.items():
        # float32: a membrane within an error of its threshold may fire otherwise
        assert np.mean(found[f"{name}_spikes"] != spikes) <= 1e-3, name
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["provenance"]) == provenance
    assert [layer["name"] for layer in json.loads(metadata["layers"])] == [*graph.shapes][1:]
    depth_m = decoded(found["readout_v_next"], json.loads(metadata["depth"]), height, width)
    wanted = depth_of_readout(
        network, graph["readout"], "float", expected.membranes["readout"], height, width
    )
    assert wanted.std() > 0.1
    assert np.abs(depth_m / wanted.numpy() - 1).mean() < 1e-4


def decoded(v_TBCHW: np.ndarray, depth: dict[str, Any], height: int, width: int) -> np.ndarray:
    """What the metadata's formula says."""
    assert "softplus" in depth["formula"]
    decay, nearest, farthest = (depth[k] for k in ("decay_v", "min_depth_m", "max_depth_m"))
    x = v_TBCHW[-1:] * decay / (1 - (1 - decay) ** len(v_TBCHW))
    x = upsample_to_input(torch.from_numpy(x), 2, height, width)[0, :, :1].numpy()
    b = 1 / farthest
    a = (1 / np.sqrt(nearest * farthest) - b) / np.log(2)
    depth_m: np.ndarray = np.clip(1 / (a * np.log1p(np.exp(x)) + b), nearest, farthest)
    return depth_m


@pytest.mark.slow
def test_student_fires_exactly_alike_in_float64() -> None:
    graph = extract_graph(student.calibrated_student(), 32, 64)
    inputs = student.counts(height=32, width=64).numpy()
    expected = simulate(graph, inputs)
    found, _ = run_steps(onnx_model(graph, dtype="float64"), inputs)
    for name, spikes in expected.spikes.items():
        assert spikes.any() and np.array_equal(found[f"{name}_spikes"], spikes), name


def test_refuses_what_it_is_not_made_of(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'integer'; accepted: 'float'"):
        write_onnx(tmp_path / "no.onnx", skip_graph())
    with pytest.raises(ValueError, match="dtype is float16; accepted: float32, float64"):
        onnx_model(skip_graph("float"), dtype="float16")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_inputs_by_name(dtype: type) -> None:
    graph, inputs = two_input_graph("float"), two_inputs()
    model = onnx_model(graph, dtype=dtype)
    assert [i.name for i in model.graph.input[:2]] == ["counts_spikes", "counts_thermal"]
    found, _ = run_steps(model, {f"counts_{name}": x for name, x in inputs.items()})
    expected = simulate(graph, inputs)
    for name, spikes in expected.spikes.items():
        assert np.array_equal(found[f"{name}_spikes"], spikes)
    np.testing.assert_allclose(found["out_v_next"], expected.membranes["out"], atol=1e-5)

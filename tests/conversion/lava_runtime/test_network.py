"""Lava gives what the simulators give: spikes exactly, membranes bit for bit or to rounding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conversion.formats.netx_file import read_netx
from conversion.graph.artifact import Artifact, write_artifact
from conversion.graph.layer_graph import Arithmetic, Edge, Layer, LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.lava.run_in_lava import run_in_lava
from conversion.lava_runtime.lava_run import SynapseKind
from conversion.simulate import integer_simulator
from conversion.student.extract import extract_graph
from snn_depth.models.depth_network import SpikingDepthNet
from tests.conversion.calibrated_student import calibrated_student
from tests.conversion.calibrated_student import counts as student_counts
from tests.conversion.lava_runtime import random_graphs
from tests.conversion.lava_runtime.runs import run_in_lava_and_compare
from tests.conversion.small_graphs import counts, skip_graph

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("synapses", ["fast", "stock"])
@pytest.mark.parametrize("arithmetic", ["float", "integer"])
def test_skips_of_three_lengths(
    arithmetic: Arithmetic, synapses: SynapseKind, tmp_path: Path, lava_python: Path
) -> None:
    graph, inputs = skip_graph(arithmetic), counts()
    run = run_in_lava_and_compare(
        tmp_path, lava_python, graph, inputs, synapses=synapses, reset_period=9
    )
    assert all(0.02 < rate < 0.9 for rate in run.trace.firing_rates().values())
    assert run.num_steps == 9 * 3 + graph.num_pipeline_steps
    # Input, neurons and their recorders, two of which a firing layer has, synapses, delay lines;
    # one more where Lava's dense synapses lose the lowest bit, which those here do not have.
    assert run.num_processes == 1 + 5 + 9 + 7 + 2


@pytest.mark.parametrize("synapses", ["fast", "stock"])
@pytest.mark.parametrize("arithmetic", ["float", "integer"])
@pytest.mark.parametrize("seed", range(4))
def test_random_graphs(
    seed: int, arithmetic: Arithmetic, synapses: SynapseKind, tmp_path: Path, lava_python: Path
) -> None:
    graph = random_graphs.random_graph(seed, arithmetic)
    run = run_in_lava_and_compare(
        tmp_path, lava_python, graph, random_graphs.counts(seed), synapses=synapses
    )
    assert all(0.01 < rate < 0.9 for rate in run.trace.firing_rates().values())


def test_random_graphs_have_every_feature() -> None:
    layers = [x for seed in range(4) for x in random_graphs.random_graph(seed, "integer").layers]
    edges = [edge for layer in layers for edge in layer.edges]
    assert {edge.kind for edge in edges} == {"conv", "conv_transpose", "dense"}
    for kind in ("conv", "conv_transpose"):
        of_kind = [edge for edge in edges if edge.kind == kind]
        for attribute in ("stride", "padding", "dilation", "groups", "weight_exp", "delay"):
            assert len({getattr(edge, attribute) for edge in of_kind}) > 1, (kind, attribute)
        assert any(edge.stride[0] != edge.stride[1] for edge in of_kind)
    assert any(edge.delay and edge.source == "input" for edge in edges)
    assert any(len(layer.edges) == 3 for layer in layers)
    assert {0 if layer.bias is None else layer.bias.ndim for layer in layers} == {0, 1, 3}
    assert len({layer.decay_u for layer in layers}) == 2
    assert any(layer.kind == "readout" and len(layer.edges) > 1 for layer in layers)


def test_one_step_per_sample(tmp_path: Path, lava_python: Path) -> None:
    inputs = counts(num_steps=1, num_samples=4)
    run_in_lava_and_compare(tmp_path, lava_python, skip_graph(), inputs, synapses="fast")


def test_fractions_go_in_as_they_are(tmp_path: Path, lava_python: Path) -> None:
    inputs = counts() - 1.25
    graph = skip_graph("float")
    for synapses in ("fast", "stock"):
        run_in_lava_and_compare(tmp_path, lava_python, graph, inputs, synapses=synapses)


def test_readouts_alone(tmp_path: Path, lava_python: Path) -> None:
    graph = skip_graph()
    run = run_in_lava_and_compare(
        tmp_path, lava_python, graph, counts(), synapses="fast", record_membranes=False
    )
    assert set(run.trace.membranes) == {"out"}
    assert run.num_processes == 1 + 5 + 5 + 7 + 2


@pytest.mark.parametrize("synapses", ["fast", "stock"])
def test_currents_wrap_and_membranes_clip(
    synapses: SynapseKind, tmp_path: Path, lava_python: Path
) -> None:
    weight = np.array([[255, 0], [-256, 1]])
    layers = [
        Layer(
            name,
            kind,
            (2, 1, 1),
            decay_v=100,
            v_threshold=60000,
            decay_u=3000,
            edges=(Edge("input", "dense", weight, weight_exp=7),),
        )
        for name, kind in (("fires", "lif"), ("reads", "readout"))
    ]
    inputs = np.random.default_rng(0).integers(0, 8, (8, 2, 2, 1, 1))
    graph = LayerGraph({"input": (2, 1, 1)}, tuple(layers), "integer")
    # Beyond 2**17 weight units currents of one sign turn into the other; here, up to 1.8 * 2**17.
    currents = inputs[:, :, 0] * 255 * 2**7
    assert np.abs(currents).max() > 2**17
    run_in_lava_and_compare(tmp_path, lava_python, graph, inputs, synapses=synapses)


def test_where_lava_wraps_otherwise(tmp_path: Path, lava_python: Path) -> None:
    """Its neuron wraps once only, and lets 2**23 stand; converted networks stay far below."""
    weight = np.array([[128, 0], [-128, 0], [0, 255], [0, 254]])
    edge = Edge("input", "dense", weight, weight_exp=7)
    layer = Layer("n", "readout", (4, 1, 1), decay_v=0, decay_u=4095, edges=(edge,))
    graph = LayerGraph({"input": (2, 1, 1)}, (layer,), "integer")
    inputs = np.array([8, 12]).reshape(1, 1, 2, 1, 1)
    write_artifact(tmp_path / "a.h5", Artifact(graph, 1))
    run = run_in_lava(tmp_path / "a.h5", inputs, "integer", python=lava_python)
    expected = integer_simulator.simulate(graph, inputs).membranes["n"].ravel()
    assert expected.tolist() == [
        -(2**23) + 1,
        -(2**23) + 1,
        64 * 391680 - 2**24,
        64 * 390144 - 2**24,
    ]
    assert run.trace.membranes["n"].ravel().tolist() == [2**23 - 1, 2**23 - 1, *expected[2:]]
    more = integer_simulator.simulate(graph, inputs + 1).membranes["n"].ravel()
    run = run_in_lava(tmp_path / "a.h5", inputs + 1, "integer", python=lava_python)
    assert more[2] == 64 * 424320 - 2 * 2**24
    assert run.trace.membranes["n"].ravel()[2] == 2**23 - 1


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
def test_input_that_adds_to_membranes(
    arithmetic: Arithmetic, tmp_path: Path, lava_python: Path
) -> None:
    integer = arithmetic == "integer"
    random = np.random.default_rng(2)
    source = Layer(
        "in",
        "input_lif",
        (2, 8, 12),
        decay_v=1024 if integer else 0.25,
        v_threshold=5,
        decay_u=4095 if integer else 1.0,
        bias=np.array([1, 2]),
        bias_exp=6 if integer else 0,
    )
    # The next layer has the input as spikes, too.
    edges = (
        Edge("in", "conv", 2 * random.integers(-9, 9, (3, 2, 3, 3))),
        Edge("input", "conv", 2 * random.integers(-9, 9, (3, 2, 3, 3)), weight_exp=1),
    )
    layer = replace(source, name="n", kind="lif", shape=(3, 6, 10), bias=None, edges=edges)
    graph = balance_with_delays(LayerGraph({"input": (2, 8, 12)}, (source, layer), arithmetic))
    run = run_in_lava_and_compare(tmp_path, lava_python, graph, counts(), synapses="fast")
    assert all(0.1 < rate < 0.9 for rate in run.trace.firing_rates().values())


@pytest.fixture(scope="module")
def student() -> SpikingDepthNet:
    return calibrated_student().double()


def student_graph(
    student: SpikingDepthNet, height: int, width: int, arithmetic: Arithmetic
) -> LayerGraph:
    graph = balance_with_delays(extract_graph(student, height, width))
    return graph if arithmetic == "float" else quantize_graph(graph, largest_input=16)


def test_student_with_stock_synapses(
    student: SpikingDepthNet, tmp_path: Path, lava_python: Path
) -> None:
    graph = student_graph(student, 32, 32, "integer")
    inputs = student_counts(3, 1, 32, 32).numpy().astype(np.int64)
    run_in_lava_and_compare(tmp_path, lava_python, graph, inputs, synapses="stock")


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
def test_student_of_full_size(
    arithmetic: Arithmetic, student: SpikingDepthNet, tmp_path: Path, lava_python: Path
) -> None:
    graph = student_graph(student, 64, 128, arithmetic)
    inputs = student_counts(8, 8).numpy().astype(np.int64)
    run = run_in_lava_and_compare(
        tmp_path,
        lava_python,
        graph,
        inputs,
        synapses="fast",
        record_membranes=arithmetic == "integer",
    )
    assert all(rate > 0.01 for rate in run.trace.firing_rates().values())
    # With Lava's default of 64 slots per channel it is 500 MB.
    assert 1e6 < run.peak_shared_memory_bytes < 40e6
    assert 1e8 < run.peak_memory_bytes < 2e9


def test_pilotnet_equals_intels_ground_truth(
    tmp_path: Path, lava_python: Path, test_data_dir: Path
) -> None:
    folder = test_data_dir / "pilotnet_lif"
    if not folder.is_dir():
        pytest.skip(f"Intel's PilotNet LIF network not found at {folder}")
    graph = read_netx(folder / "pilotnet_lif.net").graph
    image_CHW = np.load(folder / "image.npy").transpose(2, 1, 0)  # is (W, H, C)
    # Of 24 steps on the chip, with resets of a period that is 17 (test_netx_file).
    inputs = np.broadcast_to(image_CHW, (17, 2, *image_CHW.shape))
    run = run_in_lava_and_compare(
        tmp_path, lava_python, graph, inputs, synapses="fast", record_membranes=False
    )
    names = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]
    for layer, name in zip(graph.layers, names, strict=False):
        expected = np.load(folder / f"{name}.npy").T.reshape(24, *layer.shape)
        first = graph.arrival_steps[layer.name]
        samples = run.trace.spikes[layer.name]
        seen = np.concatenate([samples[:, 0], samples[:, 1]])[: 24 - first]
        assert expected.any()
        assert np.count_nonzero(seen != expected[first:]) == 0, name

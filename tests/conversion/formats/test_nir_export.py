"""What is written, what is refused, and that NIR's equations give the simulator's spikes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from conversion.formats.nir_export import nir_graph, write_nir
from conversion.formats.nir_limits import NIR_LIMITS
from conversion.graph.ancestors import ancestors
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.float_simulator import simulate
from tests.conversion.nir_reference import run_nir
from tests.conversion.small_graphs import skip_graph, two_input_graph, two_inputs

RANDOM = np.random.default_rng(8)
SHAPE = (4, 6, 9)
DT_S = 1e-3


def edge(source: str, *shape: int, **geometry: Any) -> Edge:
    kind = geometry.pop("kind", "dense" if len(shape) == 2 else "conv")
    return Edge(source, kind, RANDOM.normal(0.2, 0.8, shape), **geometry)


def layer(name: str, shape: tuple[int, int, int], *edges: Edge, **constants: Any) -> Layer:
    defaults = {"kind": "lif", "decay_v": 0.3, "v_threshold": 1.0}
    return Layer(name, shape=shape, edges=edges, **defaults | constants)


def bias(*shape: int) -> np.ndarray:
    return RANDOM.normal(0.2, 0.2, shape)


@pytest.fixture(scope="module")
def graph() -> LayerGraph:
    """Each way in which a layer or an edge can be written, behind each other."""
    same = {"padding": (1, 1)}
    return LayerGraph(
        {"input": SHAPE},
        (
            layer("taken_as_is", SHAPE, kind="input_lif", bias=bias(4)),
            layer(
                "grouped",
                SHAPE,
                edge("taken_as_is", 4, 2, 3, 3, groups=2, delay=3, weight_exp=-1, **same),
                bias=bias(4),
            ),
            layer(
                "oblong",  # kernels of one row, of one column, and dilated
                SHAPE,
                edge("grouped", 4, 4, 1, 3, padding=(0, 1), dilation=(2, 1)),
                edge("grouped", 4, 4, 5, 1, padding=(4, 0), dilation=(2, 3)),
                edge("input", 4, 1, 1, 1, groups=4),
                bias=bias(*SHAPE),
            ),
            layer("leakless", SHAPE, edge("oblong", 4, 4, 3, 3, **same), decay_v=0, bias=bias(4)),
            layer(
                "forgetful",
                (4, 3, 5),
                edge("leakless", 4, 4, 1, 1, stride=(2, 2)),
                decay_v=1,
                v_threshold=0.2,
            ),
            layer("current", (4, 3, 5), edge("forgetful", 4, 4, 1, 1), decay_u=0.6, bias=bias(4)),
            layer(
                "vector",  # of which no grid is made again
                (2, 3, 5),
                edge("current", 30, 60),
                edge("current", 2, 4, 3, 3, **same),
                bias=bias(2, 3, 5),
            ),
            layer("still_vector", (3, 2, 3), edge("vector", 3, 2, 3, 3, stride=(2, 2), **same)),
            layer("readout", (2, 1, 1), edge("still_vector", 2, 18), kind="readout", bias=bias(2)),
            layer(
                "current_readout",
                SHAPE,
                edge("oblong", 4, 4, 1, 1),
                kind="readout",
                decay_u=0.5,
                bias=bias(*SHAPE),
            ),
            layer("sum_readout", SHAPE, edge("oblong", 4, 4, 1, 1), kind="readout", decay_v=0),
        ),
    )


KINDS = {
    "taken_as_is": nir.LIF,
    "grouped": nir.LIF,
    "oblong": nir.LIF,
    "leakless": nir.IF,
    "forgetful": nir.LIF,
    "current": nir.CubaLIF,
    "vector": nir.LIF,
    "still_vector": nir.LIF,
    "readout": nir.LI,
    "current_readout": nir.CubaLI,
    "sum_readout": nir.I,
}


def test_nirs_equations_give_the_simulators_spikes(tmp_path: Path, graph: LayerGraph) -> None:
    inputs = RANDOM.integers(0, 3, (9, 2, *SHAPE))
    expected = simulate(graph, inputs)
    write_nir(tmp_path / "all.nir", graph, DT_S)
    read = nir.read(tmp_path / "all.nir")
    assert {name: type(read.nodes[name]) for name in KINDS} == KINDS
    sent = run_nir(read, inputs, DT_S)
    for name, spikes in expected.spikes.items():
        assert 0.02 < spikes.mean() < 0.98, name
        assert np.array_equal(sent[name].reshape(spikes.shape), spikes), name
    for name, v in expected.membranes.items():
        np.testing.assert_allclose(sent[name].reshape(v.shape), v, rtol=0, atol=1e-12)
        assert np.array_equal(sent[f"{name}_to_output"], sent[name])


def test_file_holds_what_was_written(tmp_path: Path, graph: LayerGraph) -> None:
    written = nir_graph(graph, DT_S)
    write_nir(tmp_path / "all.nir", graph, DT_S)
    read = nir.read(tmp_path / "all.nir")
    assert read.edges == written.edges
    assert set(read.nodes) == set(written.nodes)
    for name, node in written.nodes.items():
        assert type(read.nodes[name]) is type(node)
        for key, value in node.to_dict().items():
            assert np.array_equal(read.nodes[name].to_dict()[key], value), (name, key)
    assert read.metadata == written.metadata
    assert read.metadata["dt_s"] == DT_S and read.metadata["layout"] == "CHW"
    assert read.nodes["current"].metadata == {"decay_u": 0.6, "decay_v": 0.3}
    assert read.nodes["taken_as_is_to_grouped"].metadata == {"delay": 3}


def test_constants_by_hand() -> None:
    weight = np.array([[[[3.0]]]])
    plain = layer("a", (1, 1, 1), Edge("input", "conv", weight), decay_v=0.25, bias=np.ones(1))
    node = nir_graph(LayerGraph({"input": (1, 1, 1)}, (plain,)), 0.01)
    assert node.nodes["a"].tau.item() == 0.04 and node.nodes["a"].r.item() == 1
    assert node.nodes["input_to_a"].weight.item() == 12 and node.nodes["input_to_a"].bias == [4]
    current = replace(plain, decay_u=0.5)
    node = nir_graph(LayerGraph({"input": (1, 1, 1)}, (current,)), 0.01)
    cuba = node.nodes["a"]
    assert (cuba.tau_syn.item(), cuba.tau_mem.item()) == (0.02, 0.04)
    assert (cuba.w_in.item(), cuba.r.item(), cuba.v_leak.item()) == (2, 4, 4)
    assert node.nodes["input_to_a"].weight.item() == 3 and node.nodes["input_to_a"].bias == [0]
    summing = replace(plain, decay_v=0.0)
    node = nir_graph(LayerGraph({"input": (1, 1, 1)}, (summing,)), 0.01)
    assert node.nodes["a"].r.item() == 100 and node.nodes["input_to_a"].weight.item() == 3


def test_several_edges_join_the_same_layers() -> None:
    edges = [Edge("input", "dense", np.full((1, 2), weight)) for weight in (1.0, 2.0, 4.0)]
    graph = LayerGraph({"input": (1, 1, 2)}, (layer("a", (1, 1, 1), *edges, decay_v=1),))
    described = nir_graph(graph)
    names = ["input_to_a", "input_to_a_2", "input_to_a_3"]
    assert [described.nodes[name].weight.tolist() for name in names] == [
        [[w, w]] for w in (1, 2, 4)
    ]
    assert {f"{name}_flatten" for name in names} < set(described.nodes)
    sent = run_nir(described, np.ones((1, 1, 1, 1, 2)), 1e-4)
    assert simulate(graph, np.ones((1, 1, 1, 1, 2))).spikes["a"].item() == sent["a"].item() == 1


def _one(change: dict[str, Any], name: str = "a", **edge_changes: Any) -> LayerGraph:
    same = Edge("input", "conv", np.ones((4, 4, 3, 3)), padding=(1, 1))
    return LayerGraph(
        {"input": SHAPE}, (layer(name, SHAPE, replace(same, **edge_changes), **change),)
    )


REFUSED = [
    (skip_graph("integer"), "layer 'a': NIR cannot hold integer arithmetic"),
    (skip_graph("float"), "layer 'c': NIR cannot hold a transposed convolution"),
    (
        _one({}, weight=np.ones((4, 4, 3, 2)), dilation=(1, 2)),
        "layer 'a': NIR cannot hold a kernel whose sides differ by an odd number",
    ),
    (_one({"decay_u": 0.5, "decay_v": 0}), "layer 'a': NIR cannot hold a synaptic current"),
    (
        LayerGraph({"input": SHAPE}, (Layer("a", "input_lif", SHAPE, 0.5, 1.0, decay_u=0.5),)),
        "layer 'a': NIR cannot hold input neurons with a synaptic current",
    ),
    (_one({"decay_v": 0, "bias": bias(*SHAPE)}), "layer 'a': NIR cannot hold a bias per neuron"),
    (_one({}, name="a/b"), "layer 'a/b': NIR cannot hold this name"),
]


@pytest.mark.parametrize(("graph", "message"), REFUSED, ids=lambda value: str(value)[:24])
def test_refuses_what_nir_lacks(tmp_path: Path, graph: LayerGraph, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_nir(tmp_path / "no.nir", graph)
    assert not list(tmp_path.iterdir())


def test_every_limit_is_tested() -> None:
    assert len(REFUSED) == len(NIR_LIMITS)
    for limit, (_, message) in zip(NIR_LIMITS, REFUSED, strict=True):
        assert message.split("cannot hold ")[1] in limit.what


def test_part_before_a_transposed_convolution_is_exported() -> None:
    described = nir_graph(ancestors(skip_graph("float"), "b"))
    assert set(described.nodes) == {"input", "input_to_a", "a", "a_to_b", "b", "output"}


@pytest.mark.parametrize("dt_s", [0.0, -1e-3, float("nan")])
def test_step_must_have_a_length(dt_s: float) -> None:
    with pytest.raises(ValueError, match=f"dt_s is {dt_s}; accepted: above 0"):
        nir_graph(ancestors(skip_graph("float"), "b"), dt_s)


def test_two_inputs_by_name(tmp_path: Path) -> None:
    part, inputs = ancestors(two_input_graph("float"), "b"), two_inputs()
    write_nir(tmp_path / "part.nir", part)
    read = nir.read(tmp_path / "part.nir")
    assert {n for n, node in read.nodes.items() if isinstance(node, nir.Input)} == set(inputs)
    found = run_nir(read, inputs, 1e-4)["b"]
    assert np.array_equal(found, simulate(part, inputs).spikes["b"])
    with pytest.raises(ValueError, match="input 'a/b': NIR cannot hold this name"):
        nir_graph(replace(part, inputs={**part.inputs, "a/b": (1, 3, 4)}))

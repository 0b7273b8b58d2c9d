from dataclasses import replace
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch
from snntorch.import_nir import import_from_nir as snntorch_from_nir
from spikingjelly.activation_based.nir_exchange import import_from_nir as spikingjelly_from_nir

from conversion.extract import extract_graph
from conversion.float_simulator import simulate
from conversion.layer_graph import Edge, Layer, LayerGraph
from conversion.nir_export import CANNOT_HOLD, DT_S, to_nir, write_nir
from conversion.simulation import Trace
from conversion.student_run import padded_input
from conversion.subgraph import ancestors
from conversion.timing import balance_with_delays
from tests.conversion.small_graphs import skip_graph
from tests.conversion.student import calibrated_student, counts

Encoder = tuple[LayerGraph, np.ndarray, Trace]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The student's encoder, with its residual shortcuts, and what it does."""
    network = calibrated_student()
    graph = ancestors(balance_with_delays(extract_graph(network, 32, 48)), "enc3b")
    x = padded_input(network, counts(6, 2, 32, 48))
    return graph, x, simulate(graph, x)


def run_elsewhere(module: Any, x_TBCHW: torch.Tensor, names: set[str]) -> dict[str, np.ndarray]:
    """Spikes of the submodules of those names, step by step."""
    spikes: dict[str, list[np.ndarray]] = {name: [] for name in names}

    def note(name: str) -> Any:
        return lambda module, x, y: spikes[name].append(
            (y[0] if isinstance(y, tuple) else y).numpy()
        )

    for name, submodule in module.named_modules():
        if name in names:
            submodule.register_forward_hook(note(name))
    state = None
    with torch.no_grad():
        for x in x_TBCHW:
            _, state = module(x, state)
    return {name: np.stack(steps) > 0 for name, steps in spikes.items()}


def test_spikingjelly_runs_the_encoder(encoder: Encoder, tmp_path: Path) -> None:
    graph, x, expected = encoder
    write_nir(tmp_path / "encoder.nir", graph)
    module = spikingjelly_from_nir(tmp_path / "encoder.nir", dt=DT_S, dtype=torch.float64)
    found = run_elsewhere(module, torch.from_numpy(x), set(expected.spikes))
    for name, spikes in expected.spikes.items():
        assert spikes.any() and np.count_nonzero(found[name] != spikes) == 0, name


def test_snntorch_runs_the_encoder(encoder: Encoder, tmp_path: Path) -> None:
    graph, x, expected = encoder
    write_nir(tmp_path / "encoder.nir", graph)
    module = snntorch_from_nir(nir.read(tmp_path / "encoder.nir"))
    found = run_elsewhere(module, torch.from_numpy(x).float(), set(expected.spikes))
    for name, spikes in expected.spikes.items():  # in 32 bits, so rounding may tip a neuron
        assert np.count_nonzero(found[name] != spikes) <= 1e-3 * spikes.sum(), name


def flat_chain(*, decay_u: float = 1.0) -> LayerGraph:
    """Convolution, then two matrix products, neurons with currents if asked for."""
    random = np.random.default_rng(4)

    def weight(*shape: int) -> np.ndarray:
        return random.integers(-6, 9, shape) / 8

    def layer(name: str, shape: tuple[int, int, int], edge: Edge, **other: Any) -> Layer:
        bias = random.integers(-1, 3, shape[0]) / 8 if decay_u == 1 else None
        # No sum of eighths is at the threshold, at which SpikingJelly fires and Lava does not.
        return Layer(name, "lif", shape, 0.25, 1.03, decay_u=decay_u, edges=(edge,), bias=bias)

    return LayerGraph(
        (2, 6, 8),
        (
            layer("a", (3, 3, 4), Edge("input", "conv", weight(3, 2, 3, 3), (2, 2), (1, 1))),
            layer("b", (5, 1, 1), Edge("a", "dense", weight(5, 36) / 2, weight_exp=1)),
            layer("c", (4, 1, 1), Edge("b", "dense", weight(4, 5))),
        ),
    )


@pytest.mark.parametrize("decay_u", [1.0, 0.5])
def test_spikingjelly_runs_matrix_products_and_currents(tmp_path: Path, decay_u: float) -> None:
    graph = flat_chain(decay_u=decay_u)
    x = np.random.default_rng(0).integers(0, 2, (7, 3, 2, 6, 8)).astype(float)
    expected = simulate(graph, x).spikes
    write_nir(tmp_path / "flat.nir", graph)
    module = spikingjelly_from_nir(tmp_path / "flat.nir", dt=DT_S, dtype=torch.float64)
    found = run_elsewhere(module, torch.from_numpy(x), set(expected))
    for name, spikes in expected.items():
        assert spikes.any() and not spikes.all()
        assert np.array_equal(found[name].reshape(spikes.shape), spikes), name


def test_file_says_what_it_needs_to_be_run(encoder: Encoder, tmp_path: Path) -> None:
    graph = encoder[0]
    write_nir(tmp_path / "encoder.nir", graph, {"provenance": "a test"})
    again = nir.read(tmp_path / "encoder.nir")
    assert again.metadata["dt_s"] == DT_S and again.metadata["provenance"] == "a test"
    assert set(again.edges) == set(to_nir(graph).edges)
    assert ("stem", "stem_to_enc1b") in again.edges and ("enc3b", "output") in again.edges
    np.testing.assert_array_equal(
        again.nodes["enc1a_to_enc1b"].weight, graph["enc1b"].edges[0].weight
    )
    np.testing.assert_array_equal(again.nodes["enc1a_to_enc1b"].bias, graph["enc1b"].bias)
    assert not again.nodes["stem_to_enc1b"].bias.any()
    assert np.all(again.nodes["stem"].tau == DT_S / 0.5)


def test_readouts_are_leaky_integrators(tmp_path: Path) -> None:
    network = calibrated_student()
    readout = replace(
        extract_graph(network, 32, 48)["readout"],
        edges=(Edge("input", "conv", np.ones((2, 1, 1, 1))),),
        shape=(2, 4, 4),
    )
    node = to_nir(LayerGraph((1, 4, 4), (readout,))).nodes["readout"]
    assert isinstance(node, nir.LI) and np.all(node.tau == DT_S / 0.2) and np.all(node.r == 1 / 0.2)


def _changed(name: str, **changes: Any) -> LayerGraph:
    graph = flat_chain(decay_u=0.5)
    layers = (replace(x, **changes) if x.name == name else x for x in graph.layers)
    return replace(graph, layers=tuple(layers))


REFUSED = {
    "integer weights": skip_graph("integer"),
    "unbalanced delays": skip_graph("float", balanced=False),
    "a transposed convolution": ancestors(skip_graph("float"), "c"),
    "input_lif neurons": LayerGraph((1, 2, 2), (Layer("a", "input_lif", (1, 2, 2), 0.5, 1.0),)),
    "a bias per neuron": _changed("a", decay_u=1.0, bias=np.ones((3, 3, 4))),
    "a bias beside a synaptic current": _changed("a", bias=np.ones(3)),
    "a dense edge into a grid": _changed("b", shape=(1, 1, 5)),
}


def test_all_that_cannot_be_held_is_tried() -> None:
    assert set(REFUSED) == set(CANNOT_HOLD)


@pytest.mark.parametrize("what", CANNOT_HOLD)
def test_what_nir_cannot_hold_is_refused_by_name(what: str, tmp_path: Path) -> None:
    graph = REFUSED[what]
    if what in ("a transposed convolution", "unbalanced delays"):  # currents without biases
        layers = (replace(x, bias=None) for x in graph.layers)
        graph = replace(graph, layers=tuple(layers))
    with pytest.raises(ValueError, match=f"layer '[abc]': NIR cannot hold {what}: "):
        write_nir(tmp_path / "a.nir", graph)
    assert not list(tmp_path.iterdir())

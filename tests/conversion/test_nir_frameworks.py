"""Exported files in the frameworks that read NIR: the same spikes from the same input."""

from pathlib import Path

import nir
import norse.torch
import numpy as np
import pytest
import snntorch.import_nir
import torch
from spikingjelly.activation_based.nir_exchange import import_from_nir as spikingjelly_import
from torch import Tensor, nn

from conversion.formats.nir_export import DT_S, write_nir
from conversion.graph.ancestors import ancestors
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.float_simulator import simulate
from conversion.student.extract import extract_graph
from tests.conversion.calibrated_student import calibrated_student, counts

INPUTS = counts(height=32, width=64)


@pytest.fixture(scope="module")
def student() -> LayerGraph:
    return extract_graph(calibrated_student(), 32, 64)


def with_current() -> LayerGraph:
    """A chain of neurons with a synaptic current, the second layer dense."""
    random = np.random.default_rng(4)
    constants = {"decay_u": 0.6, "decay_v": 0.3, "v_threshold": 1.0}
    weights = random.normal(0.02, 0.05, (3, 1, 5, 5)), random.normal(0.0, 0.2, (6, 384))
    down = Edge("input", "conv", weights[0], stride=(4, 4), padding=(2, 2))
    layers = (
        Layer("a", "lif", (3, 8, 16), edges=(down,), **constants),
        Layer("b", "lif", (6, 1, 1), edges=(Edge("a", "dense", weights[1]),), **constants),
    )
    return LayerGraph({"input": (1, 32, 64)}, layers)


def read_back(folder: Path, graph: LayerGraph) -> nir.NIRGraph:
    write_nir(folder / "network.nir", graph)
    return nir.read(folder / "network.nir")


def mismatches(module: nn.Module, graph: LayerGraph, inputs_TBCHW: Tensor) -> float:
    """Steps a framework's module from rest; part of the last layer's steps that differ."""
    expected = simulate(graph, inputs_TBCHW.double().numpy()).spikes[graph.layers[-1].name]
    assert 0.02 < expected.mean() < 0.98
    state, found = None, []
    with torch.no_grad():
        for x_BCHW in inputs_TBCHW:
            spikes, state = module(x_BCHW, state)
            found.append(spikes.numpy().astype(bool).reshape(expected.shape[1:]))
    return float(np.mean(np.stack(found) != expected))


@pytest.mark.parametrize("last", ["enc1a", "enc1b", "enc3b"])
def test_spikingjelly(tmp_path: Path, student: LayerGraph, last: str) -> None:
    graph = ancestors(student, last)
    module = spikingjelly_import(read_back(tmp_path, graph), dt=DT_S, dtype=torch.float64)
    assert mismatches(module, graph, INPUTS.double()) == 0


def test_spikingjelly_with_synaptic_current(tmp_path: Path) -> None:
    graph = with_current()
    module = spikingjelly_import(read_back(tmp_path, graph), dt=DT_S, dtype=torch.float64)
    assert mismatches(module, graph, INPUTS.double()) == 0


@pytest.mark.parametrize("last", ["enc1a", "enc1b", "enc3b"])
def test_snntorch(tmp_path: Path, student: LayerGraph, last: str) -> None:
    # Its spikes are float32 always; a membrane within an error of its threshold may differ.
    graph = ancestors(student, last)
    module = snntorch.import_nir.import_from_nir(read_back(tmp_path, graph))
    assert mismatches(module.float(), graph, INPUTS) <= 1e-3


def test_norse(tmp_path: Path, student: LayerGraph) -> None:
    # A chain: through branches nirtorch.load, which it uses, steps in the wrong order.
    graph = ancestors(student, "enc1a")
    module = norse.torch.from_nir(read_back(tmp_path, graph), dt=DT_S)
    assert mismatches(module.double(), graph, INPUTS.double()) == 0

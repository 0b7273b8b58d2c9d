"""What cannot be run ends in one line that says why."""

from pathlib import Path

import numpy as np
import pytest

from conversion.graph.artifact import Artifact, write_artifact
from conversion.graph.layer_graph import Arithmetic, Layer, LayerGraph
from conversion.lava.run_in_lava import run_in_lava
from tests.conversion.small_graphs import counts, skip_graph, two_input_graph

pytestmark = pytest.mark.slow


def input_layer(name: str, bias: int = 0) -> Layer:
    return Layer(name, "input_lif", (2, 8, 12), 1024, 25, decay_u=4095, bias=np.array([bias, 0]))


@pytest.mark.parametrize(
    ("graph", "inputs", "arithmetic", "message"),
    [
        (skip_graph(), counts(), "float", "has no float network; accepted: 'integer'"),
        (skip_graph(), counts()[:, :, :1], "integer", r"shape \(7, 3, 1, 8, 12\); accepted: "),
        (skip_graph(), counts(8), "integer", "8 steps; accepted: up to the reset period, 7"),
        (skip_graph(), counts() / 2, "integer", "not whole numbers"),
        (two_input_graph(), counts(), "integer", "'spikes', 'thermal'.; accepted here: one"),
        (skip_graph(balanced=False), counts(), "integer", "'c': what comes from 'a' arrives early"),
        (
            LayerGraph({"input": (2, 8, 12)}, (input_layer("in", bias=4093),), "integer"),
            counts(),
            "integer",
            r"'in': input and bias add up to 0\.\.4096; accepted: -4096\.\.4095",
        ),
        (
            LayerGraph(
                {"input": (2, 8, 12)}, (input_layer("one"), input_layer("other")), "integer"
            ),
            counts(),
            "integer",
            "'other' has no connection with layer 'one'; accepted: graphs in one piece",
        ),
    ],
)
def test_refuses(
    graph: LayerGraph,
    inputs: np.ndarray,
    arithmetic: Arithmetic,
    message: str,
    tmp_path: Path,
    lava_python: Path,
) -> None:
    write_artifact(tmp_path / "a.h5", Artifact(graph, 7))
    with pytest.raises(ValueError, match=message):
        run_in_lava(tmp_path / "a.h5", inputs, arithmetic, python=lava_python)


def test_runs_the_float_network_of_an_integer_one(tmp_path: Path, lava_python: Path) -> None:
    artifact = Artifact(skip_graph(), 7, float_graph=skip_graph("float"))
    write_artifact(tmp_path / "a.h5", artifact)
    run = run_in_lava(tmp_path / "a.h5", counts(), "float", python=lava_python)
    assert run.trace.membranes["out"].dtype == np.float64

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nir
import numpy as np
import onnx
import pytest

from conversion.export import export
from conversion.formats.netx_file import read_netx
from conversion.graph.ancestors import ancestors
from conversion.graph.artifact import Artifact, read_artifact, write_artifact
from conversion.graph.layer_graph import Layer, LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.simulate import float_simulator, integer_simulator
from conversion.student.extract import extract_graph
from snn_depth.command.parser import call_command
from tests.conversion import calibrated_student as student
from tests.conversion.nir_reference import run_nir
from tests.conversion.onnx_run import run_steps

INPUTS = student.counts(num_steps=4, height=32, width=32).numpy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts of a student: as converted; with coarse biases; without its float graph."""
    folder = tmp_path_factory.mktemp("export")
    graph = balance_with_delays(extract_graph(student.calibrated_student(), 32, 32))
    integer = quantize_graph(graph, largest_input=16)
    provenance = {"depth_range_m": [1.0, 80.0]}
    for name, artifact in {
        "student": Artifact(integer, 4, float_graph=graph, provenance=provenance),
        "coarse": Artifact(with_biases_of_a_net_file(integer), 4, float_graph=graph),
        "integer": Artifact(integer, 4),
        "float": Artifact(graph, 4),
    }.items():
        write_artifact(folder / f"{name}.h5", artifact)
    (folder / "damaged.h5").write_bytes((folder / "integer.h5").read_bytes()[:5000])
    return folder


def with_biases_of_a_net_file(graph: LayerGraph) -> LayerGraph:
    """Biases rounded to units of a weight, and cut where that does not fit their 13 bits."""

    def rounded(layer: Layer) -> Layer:
        units = np.rint(np.ldexp(layer.bias_CHW[:, 0, 0].astype(float), layer.bias_exp - 6))
        return replace(layer, bias=np.clip(units, -4096, 4095).astype(int), bias_exp=6)

    return replace(graph, layers=tuple(map(rounded, graph.layers)))


def test_nir_of_the_encoder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        export, [str(folder / "student.h5"), str(folder / "encoder.nir"), "--until", "enc3b"]
    )
    assert "encoder.nir: 7 layers, up to 'enc3b'" in capsys.readouterr().out
    described = nir.read(folder / "encoder.nir")
    assert described.metadata["dt_s"] == 1e-4
    graph = read_artifact(folder / "student.h5").float_graph
    assert graph is not None
    expected = float_simulator.simulate(graph, INPUTS)
    sent = run_nir(described, INPUTS, 1e-4)
    for name in ("stem", "enc1a", "enc1b", "enc2a", "enc2b", "enc3a", "enc3b"):
        assert expected.spikes[name].any()
        assert np.array_equal(sent[name], expected.spikes[name]), name


@pytest.mark.parametrize("artifact", ["student", "float"])
def test_onnx_of_the_whole(folder: Path, artifact: str) -> None:
    call_command(export, [str(folder / f"{artifact}.h5"), str(folder / "whole.onnx")])
    model = onnx.load(folder / "whole.onnx")
    keys = {entry.key for entry in model.metadata_props}
    assert keys - {"depth"} == {"layers", "operation", "provenance"}
    assert ("depth" in keys) == (artifact == "student")  # the other does not know its range
    graph = read_artifact(folder / "float.h5").graph
    expected = float_simulator.simulate(graph, INPUTS)
    found, _ = run_steps(model, INPUTS)
    for name, spikes in expected.spikes.items():
        assert np.array_equal(found[f"{name}_spikes"], spikes), name


def test_net_of_a_chain(folder: Path) -> None:
    call_command(export, [str(folder / "coarse.h5"), str(folder / "chain.net"), "--until=enc1a"])
    again = read_netx(folder / "chain.net").graph
    chain = ancestors(read_artifact(folder / "coarse.h5").graph, "enc1a")
    before = integer_simulator.simulate(chain, INPUTS, record_membranes=True)
    after = integer_simulator.simulate(again, INPUTS, record_membranes=True)
    for old, new in zip(chain.layers, again.layers, strict=True):
        assert (old.shape, old.decay_u, old.decay_v, old.v_threshold) == (
            (new.shape, new.decay_u, new.decay_v, new.v_threshold)
        )
        assert np.array_equal(old.bias_CHW, new.bias_CHW)
        assert np.array_equal(old.edges[0].weight, new.edges[0].weight)
        assert before.spikes[old.name].any()
        assert np.array_equal(before.membranes[old.name], after.membranes[new.name])
        assert np.array_equal(before.spikes[old.name], after.spikes[new.name])


@pytest.mark.parametrize(
    ("artifact", "words", "message"),
    [
        ("student", ["no.pt"], r"no.pt has suffix '.pt'; accepted: .net, .nir, .onnx"),
        ("student", ["no"], "no has suffix ''; accepted"),
        ("student", ["no.nir"], "layer 'dec2': NIR cannot hold a transposed convolution"),
        ("student", ["no.nir", "--until", "enc9"], "no layer 'enc9'; accepted: stem, enc1a"),
        ("student", ["no.net", "--until", "stem"], "layer 'stem': .* bias exponent"),
        ("coarse", ["no.net", "--until", "enc1b"], "layer 'enc1b': .*edges from"),
        ("float", ["no.net"], "arithmetic is 'float'; accepted: 'integer'"),
        ("integer", ["no.nir"], "no float network"),
        ("integer", ["no.onnx"], "no float network"),
        ("damaged", ["no.onnx"], "damaged.h5 is damaged"),
    ],
)
def test_user_errors(folder: Path, artifact: str, words: list[str], message: str) -> None:
    output, *options = words
    with pytest.raises(ValueError, match=message):
        call_command(export, [str(folder / f"{artifact}.h5"), str(folder / output), *options])
    assert not list(folder.glob("no*")) and not list(folder.glob(".*"))


@pytest.mark.slow
def test_error_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conversion.export", str(tmp_path / "none.h5"), "out.nir"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "none.h5" in done.stderr

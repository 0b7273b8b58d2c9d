from dataclasses import replace
from pathlib import Path

import nir
import numpy as np
import onnx
import pytest

from conversion.ancestors import ancestors
from conversion.artifact import Artifact, read_artifact, write_artifact
from conversion.export import main
from conversion.extract import extract_graph
from conversion.integer_simulator import simulate
from conversion.netx_file import read_netx
from conversion.quantize import quantize_graph
from conversion.timing import balance_with_delays
from tests.conversion.student import calibrated_student


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "student.h5"
    graph = balance_with_delays(extract_graph(calibrated_student(), 32, 48))
    integer = quantize_graph(graph, largest_input=16)
    write_artifact(path, Artifact(integer, 8, float_graph=graph, provenance={"seed": 7}))
    return path


def test_whole_student_as_onnx(artifact: Path, tmp_path: Path) -> None:
    main([str(artifact), str(tmp_path / "student.onnx")])
    model = onnx.load(tmp_path / "student.onnx")
    assert "readout_v_next" in {entry.name for entry in model.graph.output}
    assert '"seed": 7' in {p.key: p.value for p in model.metadata_props}["provenance"]


def test_encoder_as_nir(artifact: Path, tmp_path: Path) -> None:
    main([str(artifact), str(tmp_path / "encoder.nir"), "--until", "enc3b"])
    assert "enc3b" in nir.read(tmp_path / "encoder.nir").nodes


def test_chain_as_net(artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"layer 'stem': a \.net file cannot hold bias exponent"):
        main([str(artifact), str(tmp_path / "stem.net"), "--until", "enc1a"])
    graph = ancestors(read_artifact(artifact).graph, "enc1a")
    layers = tuple(replace(x, bias=x.bias >> 3, bias_exp=6) for x in graph.layers)
    write_artifact(tmp_path / "chain.h5", Artifact(replace(graph, layers=layers), 8))
    main([str(tmp_path / "chain.h5"), str(tmp_path / "chain.net")])
    again = read_netx(tmp_path / "chain.net").graph
    x = np.random.default_rng(0).integers(0, 2, (5, 1, 1, 32, 48))
    before = simulate(replace(graph, layers=layers), x).spikes["enc1a"]
    assert before.any() and np.array_equal(simulate(again, x).spikes["2_conv"], before)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["student.pt"], r"student.pt has suffix '.pt'; accepted: .net, .nir, .onnx"),
        (["student.nir"], r"layer 'dec2': NIR cannot hold a transposed convolution"),
        (["a.onnx", "--until", "enc9"], r"enc9.*stem, "),
    ],
)
def test_wrong_use_is_one_error_and_no_file(
    artifact: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        main([str(artifact), str(tmp_path / words[0]), *words[1:]])
    assert not list(tmp_path.iterdir())

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conversion.graph.artifact import read_artifact
from conversion.lava import proof as lava_proof
from conversion.lava.environment import VARIABLE
from conversion.lava_runtime.lava_run import LavaRun
from conversion.simulate import integer_simulator
from conversion.to_lava import to_lava
from snn_depth.command.parser import call_command
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.training.checkpoint import save_network
from tests.conversion.calibrated_student import calibrated_student

DATA = DataSpec(height=30, width=44, num_frames=16, num_bins=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student, an ANN, and recordings of the student's and of another size."""
    folder = tmp_path_factory.mktemp("to_lava")
    save_network(folder / "student.safetensors", calibrated_student(), DATA, {"seed": 7})
    save_network(folder / "ann.safetensors", AnnDepthNet(), DATA)
    for name, height in (("fits", 30), ("other", 32)):
        write_recording(folder / f"{name}.h5", height)
    return folder


def write_recording(path: Path, height: int) -> None:
    rng = np.random.default_rng(0)
    brightness = np.kron(rng.random((height // 2, 11)), np.ones((2, 4)))
    with RecordingWriter(path, height, 44, 20_000.0) as writer:
        writer.append_spikes(rng.random((80, height, 44)) < brightness)
        for index in (8, 28, 48, 68):
            depth_m = np.full((height, 44), 5.0 + index, np.float32)
            writer.append_key_frame(spike_index=index, timestamp_s=index / 2e4, depth_m=depth_m)


def options(folder: Path, **changes: str) -> list[str]:
    words = {
        "checkpoint": str(folder / "student.safetensors"),
        "output": str(folder / "out.h5"),
        "target": "integer",
        "samples": str(folder / "fits.h5"),
        "num-samples": "3",
        **changes,
    }
    return [word for name, value in words.items() for word in (f"--{name}", *value.split())]


def test_relays_in_place_of_synaptic_delays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"target": "integer", "delays": "relays", "num-samples": "2"}
    call_command(to_lava, options(folder, output=str(folder / "relays.h5"), **words))
    assert re.search(r"enc2b_relay2 +64x4x6 +1,536 +64 ", capsys.readouterr().out)
    graph = read_artifact(folder / "relays.h5").graph
    late = {(e.source, layer.name) for layer in graph.layers for e in layer.edges if e.delay}
    assert late == {("input", "dec1"), ("input", "dec0")} and not graph.early_edges


def test_artifact_proves_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        to_lava, options(folder, output=str(folder / "proof.h5"), **{"num-weight-bits": "6"})
    )
    printed = capsys.readouterr().out
    assert re.search(r"enc1b +32x8x12 +3,072 +9,728 +6 6\*2\^2 +[\d.]+% +[\d.]+% \n", printed)
    assert re.search(r"enc1b +0 +[\d,]+ +[\d.]+% \n", printed)
    assert "depth, 3 samples" in printed and "11 pipeline steps" in printed
    artifact = read_artifact(folder / "proof.h5")
    assert artifact.graph.input_shape == (1, 32, 48)  # padded to the network's stride
    assert artifact.reset_period == 4 and not artifact.graph.early_edges
    assert all(np.all(e.weight % 8 == 0) for layer in artifact.graph.layers for e in layer.edges)
    assert artifact.provenance["checkpoint_provenance"] == {"seed": 7}
    assert artifact.provenance["scores"]["integer"]["abs_rel"] > 0
    assert artifact.provenance["lava_runs"] == []
    assert artifact.float_graph is not None and artifact.test_vector is not None
    trace = integer_simulator.simulate(
        artifact.graph, artifact.test_vector.inputs["input"], record_membranes=True
    )
    expected, last = artifact.test_vector.expected, artifact.test_vector.last_membranes_BCHW
    assert set(trace.membranes) == set(last) and len(expected.spikes) == 10
    for name, spikes in expected.spikes.items():
        assert spikes.any() and np.array_equal(trace.spikes[name], spikes)
    assert np.array_equal(trace.membranes["readout"], expected.membranes["readout"])
    for name, v_BCHW in last.items():
        assert np.array_equal(trace.membranes[name][-1], v_BCHW)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checkpoint": "ann.safetensors"}, "network is a AnnDepthNet"),
        ({"checkpoint": "none.safetensors"}, "none.safetensors does not exist"),
        ({"samples": "other.h5"}, "samples are 32x44; accepted: 30x44, what the network was "),
        ({"size": "30"}, "size must be HEIGHTxWIDTH such as 250x400, not '30'"),
        ({"crop": "30x"}, "crop must be HEIGHTxWIDTH such as 250x400, not '30x'"),
        ({"crop": "32x32"}, "crop is 32x32; accepted: up to 30x44"),
        ({"synapses": "slow"}, "synapses"),
        ({"num-samples": "5"}, "num_samples is 5; there are 4"),
        ({"num-samples": "0"}, "num_samples is 0; accepted: 1 or more"),
        ({"num-weight-bits": "3"}, "num_weight_bits is 3; accepted: 4 to 8"),
        ({"target": "loihi"}, "target"),
    ],
)
def test_user_errors(folder: Path, changes: dict[str, str], message: str) -> None:
    paths = {k: str(folder / v) if "." in v else v for k, v in changes.items()}
    with pytest.raises(ValueError, match=message):
        call_command(to_lava, options(folder, output=str(folder / "never.h5"), **paths))
    assert not (folder / "never.h5").exists()


def test_a_folder_as_output_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"{tmp_path} is a folder; accepted: a file to write"):
        call_command(to_lava, options(folder, output=str(tmp_path)))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_pictures_of_another_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "size.h5"
    call_command(
        to_lava, options(folder, output=str(output), samples=str(folder / "other.h5"), size="32x44")
    )
    assert read_artifact(output).graph.input_shape == (1, 32, 48)
    call_command(to_lava, options(folder, output=str(output), crop="16x16"))
    artifact = read_artifact(output)
    assert artifact.graph.input_shape == (1, 16, 16)
    assert np.isfinite(artifact.provenance["scores"]["float"]["abs_rel"])


@pytest.mark.slow
def test_proven_in_lava(
    folder: Path,
    with_lava: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = folder / "proven.h5"
    call_command(
        to_lava,
        options(folder, output=str(output), target="lava-fixed integer lava-float lava-fixed"),
    )
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert re.search(r"enc1b +0 +[\d,]+ +[\d.]+% +0, 0 +0, [\de.-]+ \n", printed)
    assert re.search(r"Lava fixed +\d+\.\d+ ", printed)
    text = " ".join(printed.split())
    assert re.search(
        r"Lava float \(fast synapses\): 23 steps in [\d.]+ s after [\d.]+ s to start \d+ "
        r"processes; "
        r"simulator: [\d.]+ s; memory \d+ MB, of which /dev/shm [\d.]+ MB",
        text,
    )
    artifact = read_artifact(output)
    scores = artifact.provenance["scores"]
    assert scores["Lava fixed"] == scores["integer"] != scores["float"]
    assert scores["Lava float"]["abs_rel"] == pytest.approx(scores["float"]["abs_rel"], rel=1e-6)
    runs = artifact.provenance["lava_runs"]
    assert [run["target"] for run in runs] == ["lava-fixed", "lava-float"]
    assert (runs[0]["num_samples"], runs[0]["num_steps"], runs[0]["synapses"]) == (3, 4, "fast")


@pytest.mark.slow
def test_stock_synapses_on_a_crop(folder: Path, with_lava: None) -> None:
    small, output = folder / "small.safetensors", folder / "stock.h5"
    save_network(small, calibrated_student(channel_multipliers=(1, 1)), DATA)
    changes = {"checkpoint": str(small), "target": "lava-fixed", "synapses": "stock"}
    changes |= {"crop": "16x16", "num-samples": "2"}
    call_command(to_lava, options(folder, output=str(output), **changes))
    (run,) = read_artifact(output).provenance["lava_runs"]
    assert (run["synapses"], run["num_samples"]) == ("stock", 2)


@pytest.mark.slow
def test_a_network_that_lava_contradicts_is_not_written(
    folder: Path,
    with_lava: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A spike of the real run is flipped on its way back."""
    really_run = lava_proof.run_in_lava

    def flip(*arguments: Any, **options: Any) -> LavaRun:
        run = really_run(*arguments, **options)
        run.trace.spikes["enc2a"].flat[5] ^= True
        return run

    monkeypatch.setattr(lava_proof, "run_in_lava", flip)
    output = folder / "contradicted.h5"
    with pytest.raises(ValueError, match=r"layer 'enc2a' is the first .* Lava fixed: by 1 spikes"):
        call_command(to_lava, options(folder, output=str(output), target="lava-fixed"))
    assert re.search(r"enc2a +0 +\d+ +[\d.]+% +1, 0 \n", capsys.readouterr().out)
    assert not list(folder.glob("*contradicted*"))


def test_without_python_310_the_artifact_says_what_it_lacks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PATH": "/nowhere",
        "PYENV_ROOT": "/nowhere",
        "XDG_CACHE_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("UV", VARIABLE):
        monkeypatch.delenv(name, raising=False)
    output = folder / "unproven.h5"
    with pytest.raises(OSError, match=r"(?s)needs Python 3.10: .*--target integer does without"):
        call_command(to_lava, options(folder, output=str(output), target="lava-fixed"))
    assert read_artifact(output).provenance["lava_runs"] == []


@pytest.mark.slow
def test_too_long_a_run(folder: Path, with_lava: None) -> None:
    output = folder / "late.h5"
    changes = {"target": "lava-fixed", "lava-timeout-s": "0.2"}
    with pytest.raises(OSError, match=r"took longer than 0.2 s; .*--target integer does without"):
        call_command(to_lava, options(folder, output=str(output), **changes))
    assert read_artifact(output).provenance["lava_runs"] == []


@pytest.mark.slow
def test_error_is_one_line_and_exit_code_2(folder: Path) -> None:
    command = [sys.executable, "-m", "conversion.to_lava", "--output", "x.h5"]
    command += ["--checkpoint", str(folder / "fits.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conversion import integer_simulator
from conversion.artifact import read_artifact
from conversion.to_lava import main
from snn_depth.checkpoint import save_network
from snn_depth.data.recording_writer import RecordingWriter
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet
from tests.conversion.student import calibrated_student

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
        "samples": str(folder / "fits.h5"),
        "num-samples": "3",
        **changes,
    }
    return [word for name, value in words.items() for word in (f"--{name}", value)]


def test_artifact_proves_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(options(folder, output=str(folder / "proof.h5"), **{"num-weight-bits": "6"}))
    printed = capsys.readouterr().out
    assert re.search(
        r"enc1b +32x8x12 +3,072 +9,728 +6 6\*2\^2 +[\d.]+% +[\d.]+% +[\d.]+% ", printed
    )
    assert "depth, 3 samples" in printed and "11 pipeline steps" in printed
    artifact = read_artifact(folder / "proof.h5")
    assert artifact.graph.input_shape == (1, 32, 48)  # padded to the network's stride
    assert artifact.reset_period == 4 and not artifact.graph.early_edges
    assert all(np.all(e.weight % 8 == 0) for layer in artifact.graph.layers for e in layer.edges)
    assert artifact.provenance["checkpoint_provenance"] == {"seed": 7}
    assert artifact.provenance["scores"]["integer"]["abs_rel"] > 0
    assert artifact.float_graph is not None and artifact.test_vector is not None
    trace = integer_simulator.simulate(
        artifact.graph, artifact.test_vector.inputs_TBCHW, record_membranes=True
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
        ({"samples": "other.h5"}, "samples are 32x44, the network was trained for 30x44"),
        ({"num-samples": "5"}, "num_samples is 5; there are 4"),
        ({"num-samples": "0"}, "num_samples is 0; accepted: 1 or more"),
        ({"num-weight-bits": "3"}, "num_weight_bits is 3; accepted: 4 to 8"),
        ({"target": "loihi"}, "target"),
    ],
)
def test_user_errors(folder: Path, changes: dict[str, str], message: str) -> None:
    paths = {k: str(folder / v) if "." in v else v for k, v in changes.items()}
    with pytest.raises(ValueError, match=message):
        main(options(folder, output=str(folder / "never.h5"), **paths))
    assert not (folder / "never.h5").exists()


def test_error_is_one_line_and_exit_code_2(folder: Path) -> None:
    command = [sys.executable, "-m", "conversion.to_lava", "--output", "x.h5"]
    command += ["--checkpoint", str(folder / "fits.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1

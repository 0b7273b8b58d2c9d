import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snn_depth.command.exit import run_command
from snn_depth.command.parser import call_command
from snn_depth.data.check import KNOWN, MAX_PROBLEMS, check, preview_panel, recognise
from snn_depth.data.sample import Sample, View
from snn_depth.data.sets.public import ADAPTERS
from snn_depth.data.sets.recording_folder import RecordingFolder
from snn_depth.data.streams.spike_stream import save_spikes


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """A small PKU-Spike-Stereo."""
    rng = np.random.default_rng(0)
    for scene in ("0000", "0034"):
        folder = tmp_path / "Spike-Stero/indoor/left" / scene / "0001"
        folder.mkdir(parents=True)
        save_spikes(rng.random((4, 250, 400)) < 0.3, folder / "0001.dat")
        np.save(folder / "0001_gt.npy", np.full((250, 400), 2.5, np.float32))
    return tmp_path / "Spike-Stero"


def run(*words: str | Path) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as caught:
        run_command(check, [str(word) for word in words])
    return int(caught.value.code or 0)


def test_a_sound_data_set(
    stereo: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(stereo) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "PKU-Spike-Stereo (class snn_depth.data.sets.public.pku_spike_stereo." in printed
    assert "indoor left, train, with depth 1 indoor left, test, with depth 1" in printed
    assert "spikes (1, 1, 250, 400), depth_m (1, 250, 400)" in printed
    assert "measured in 100.0% of the pixels, 2.5 .. 2.5 m" in printed
    assert "nothing is missing or wrong" in printed and "expected" not in printed
    assert Image.open(tmp_path / "Spike-Stero_check.png").width > 600


def test_what_is_missing_is_named_with_the_expected_tree(
    stereo: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    lost = stereo / "indoor/left/0034/0001/0001.dat"
    lost.unlink()
    assert run(stereo, "--output", tmp_path / "sub" / "p.png") == 1
    printed = capsys.readouterr().out
    assert f"WRONG: {lost} is missing\n" in printed
    assert "0002_gt.npy" in printed.partition("expected in")[2]
    assert (tmp_path / "sub" / "p.png").is_file()


def test_many_problems_are_cut_short(stereo: Path, capsys: pytest.CaptureFixture) -> None:
    for sample in range(MAX_PROBLEMS + 5):
        (stereo / f"indoor/left/0000/{100 + sample}").mkdir()
    assert run(stereo, "--output", stereo / "p.png") == 1
    printed = capsys.readouterr().out
    assert printed.count("WRONG:") == MAX_PROBLEMS and "and 5 more like these" in printed


def test_the_folder_beside_the_right_one(
    stereo: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for wrong in (tmp_path, stereo / "indoor"):
        assert run(wrong) == 1
        printed = capsys.readouterr().out
        assert f"did you mean {stereo}? That is PKU-Spike-Stereo" in printed
        for data_set in KNOWN:
            assert f"--format {data_set.__name__}" in printed
            assert data_set.expected_tree in printed
    assert run(tmp_path, "--format", "PkuSpikeStereo") == 1
    printed = capsys.readouterr().out
    assert f"WRONG: {tmp_path}: no folder indoor/left or outdoor/left" in printed


def test_damaged_sample_gives_no_picture_but_a_reason(
    stereo: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for depth in stereo.rglob("*_gt.npy"):
        np.save(depth, np.zeros((250, 400), np.float32))
    assert run(stereo, "--output", tmp_path / "p.png") == 1
    assert "no picture: the sample's depth is measured nowhere" in capsys.readouterr().out
    assert not (tmp_path / "p.png").exists()


def test_recordings(
    make_recording: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_recording(tmp_path / "data" / "a.h5", num_key_frames=6)
    assert run(tmp_path / "data", "--output", tmp_path / "p.png") == 0
    assert "spikes, RGB, depth" in capsys.readouterr().out
    # Only where nothing else is there: they may have been made from it.
    (tmp_path / "data" / "outdoor" / "left").mkdir(parents=True)
    assert RecordingFolder not in recognise(tmp_path / "data")


def test_panel_has_what_the_sample_has() -> None:
    depth_m = torch.tensor([[0.0, 2.0, 7.944]])[None]
    rgb = torch.arange(9, dtype=torch.uint8).reshape(3, 1, 3)
    counts = torch.tensor([0, 1, 2], dtype=torch.uint8).expand(2, 1, 1, 3)
    row, limits_m = preview_panel(
        Sample({"spikes": View(counts, depth_m=depth_m), "rgb": View(rgb, depth_m=depth_m)})
    )
    assert row.rgb is not None and row.rgb[0, 1].tolist() == [1, 4, 7]
    assert row.texture is not None and row.texture[0, 0] == 0
    np.testing.assert_allclose(row.texture[0, 1:], [0.5 ** (1 / 2.2), 1], rtol=1e-6)
    assert row.target_m is not None and row.target_m.shape == (1, 3)
    assert limits_m == (2.0, 7.9)
    row, limits_m = preview_panel(Sample({"spikes": View(counts)}))
    assert row.rgb is None and row.target_m is None and limits_m == (1, 80)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere is not a folder; accepted: the folder of a data set"),
        ([".", "--output", "."], "output . is a folder; accepted: a picture"),
        ([".", "--format", "Kitty"], "format is 'Kitty'; accepted: .*PkuSpikeStereo"),
        ([], "folder"),
    ],
)
def test_bad_usage(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call_command(check, words)


@pytest.mark.parametrize("data_set", ADAPTERS, ids=lambda a: a.__name__)
def test_every_adapter_says_what_it_expects(data_set, tmp_path: Path) -> None:
    assert data_set.title and len(data_set.expected_tree.splitlines()) > 3
    assert not data_set.recognises(tmp_path) and not data_set.recognises(tmp_path / "nowhere")
    report = data_set.check_layout(tmp_path)
    assert report.problems and not any(report.num_samples.values())


@pytest.mark.parametrize("data_set", ADAPTERS, ids=lambda a: a.__name__)
def test_documentation_shows_every_tree(data_set) -> None:
    page = Path(__file__).parents[3] / "docs" / "data_sets.md"
    section = page.read_text().partition(f"\n## {data_set.title}")[2].partition("\n## ")[0]
    assert textwrap.indent(data_set.expected_tree, "    ") in section
    assert f"| `{data_set.__name__}` |" in page.read_text()


@pytest.mark.slow
def test_exit_code_of_the_process(stereo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snn_depth.data.check", str(stereo / "indoor")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr == ""

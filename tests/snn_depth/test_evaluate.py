import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from snn_depth.command.exit import run_command
from snn_depth.command.parser import call_command
from snn_depth.data.streams.recording import Recording
from snn_depth.evaluate import evaluate
from snn_depth.evaluation.metrics import METRIC_NAMES, depth_metrics
from snn_depth.training.checkpoint import load_network


def rows_of(path):
    results = json.loads(path.read_text())
    return {(r["scenario"], r["method"], r["alignment"]): r["metrics"] for r in results["rows"]}


def test_all_rows_of_two_data_sets(make_recording, tiny_checkpoint, tiny_teacher, tmp_path, capsys):
    train = make_recording(tmp_path / "train" / "a.h5")
    test = make_recording(tmp_path / "test.h5", height=50, width=70, focal_length_px=60.0)
    no_rgb = make_recording(tmp_path / "dark.h5", with_rgb=False, focal_length_px=None)
    evaluate(
        tiny_checkpoint,
        [test, no_rgb],
        train_data=[train.parent],
        teacher=tiny_teacher,
        output=tmp_path / "results.json",
        pictures=tmp_path / "pictures",
    )
    rows = rows_of(tmp_path / "results.json")
    methods = ["constant_median", "row_median", "playback_to_teacher", "teacher_on_rgb", "student"]
    expected = [("test", m, a) for m in methods for a in ("none", "median")]
    expected += [("dark", m, a) for _, m, a in expected if m != "teacher_on_rgb"]
    assert list(rows) == expected
    student = rows["test", "student", "none"]
    assert set(METRIC_NAMES) <= set(student)
    assert student["num_images"] == 3
    assert 0 < student["firing_rate"] < 1
    assert any(name.startswith("firing_rate/") for name in student)
    # The training depth is the test's first key frame; the others are two and three times as far.
    assert rows["test", "row_median", "median"]["abs_rel"] < 0.1
    assert rows["test", "row_median", "none"]["abs_rel"] > 0.2

    printed = " ".join(capsys.readouterr().out.split())
    assert "alignment: none (metres as predicted), caps 1 .. 80 m, crop: none" in printed
    assert "alignment: median" in printed
    assert "50 x 70 resampled to 33 x 47, so that the focal lengths agree" in printed
    assert "metres assume the training camera" in printed
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["dark.png", "test.png"]
    assert Image.open(tmp_path / "pictures" / "test.png").width > 800


def test_figures_equal_those_computed_by_hand(make_recording, tiny_checkpoint, tmp_path):
    """At the training camera nothing is resampled, so the metrics follow from plain calls."""
    path = make_recording(tmp_path / "test.h5")
    evaluate(tiny_checkpoint, [path], output=tmp_path / "r.json", crop="garg", max_depth_m=50.0)
    loaded = load_network(tiny_checkpoint)
    expected = []
    with Recording.open(path) as recording:
        for k in range(3):
            frames = torch.from_numpy(recording.window(k, 16)).float()
            counts = frames.view(4, 4, 32, 48).sum(1)[:, None, None]
            with torch.no_grad():
                pred = loaded.network(counts).depth_m
            target = torch.from_numpy(np.array(recording.depth_m(k)))[None, None]
            mask = torch.zeros_like(target, dtype=torch.bool)
            mask[..., int(0.40810811 * 32) : int(0.99189189 * 32), 1:46] = True
            metrics = depth_metrics(pred, target, mask, min_depth_m=1.0, max_depth_m=50.0)
            expected.append(metrics["abs_rel"].item())
    got = rows_of(tmp_path / "r.json")["test", "student", "none"]
    assert got["abs_rel"] == pytest.approx(np.mean(expected), rel=1e-6)


def test_every_recording_of_a_folder_keeps_its_own_camera(
    make_recording, tiny_checkpoint, tmp_path
):
    for name, focal_length_px in (("a", 30.0), ("b", 60.0)):
        make_recording(tmp_path / "both" / f"{name}.h5", focal_length_px=focal_length_px)
    paths = [tmp_path / "both", tmp_path / "both" / "a.h5", tmp_path / "both" / "b.h5"]
    evaluate(tiny_checkpoint, paths, output=tmp_path / "r.json")
    rows = rows_of(tmp_path / "r.json")
    both, a, b = (rows[name, "student", "none"]["rmse"] for name in ("both", "a", "b"))
    assert both == pytest.approx((a + b) / 2)
    assert a != pytest.approx(b, rel=1e-4)


def test_other_sample_rate_is_a_warning(make_recording, tiny_checkpoint, tmp_path, capsys):
    path = make_recording(tmp_path / "fast.h5", sample_rate_hz=40_000.0)
    evaluate(tiny_checkpoint, [path])
    assert "WARNING: recorded at 40000 Hz" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("missing.safetensors data.h5", "missing.safetensors does not exist"),
        ("student nowhere.h5", "nowhere.h5 does not exist"),
        ("student no_depth.h5", "no depth"),
        ("student data.h5 --max-depth-m 0.5", "caps 1.0..0.5 m"),
        ("student data.h5 --alignments mean", "mean"),
        ("student data.h5 --teacher student", "expected 'rgb'"),
        ("student data.h5 --device tpu9", "tpu9"),
        ("student student", "student"),
        ("data.h5 data.h5", "data.h5 is not a readable safetensors file"),
    ],
)
def test_bad_input_is_one_clear_error(
    arguments, message, make_recording, tiny_checkpoint, tmp_path
):
    make_recording(tmp_path / "data.h5")
    make_recording(tmp_path / "no_depth.h5", with_depth=False)
    words = [
        str(tiny_checkpoint) if w == "student" else str(tmp_path / w) if w.endswith("h5") else w
        for w in arguments.split()
    ]
    target = tmp_path / "r.json"
    with pytest.raises((ValueError, OSError)) as caught:
        call_command(evaluate, [*words, "--output", str(target)])
    assert message in str(caught.value)
    assert not target.exists()


def test_errors_end_in_one_line_and_code_2(tiny_checkpoint, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_info:
        run_command(evaluate, [str(tiny_checkpoint), str(tmp_path / "nothing.h5")])
    assert exit_info.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1


@pytest.mark.slow
def test_as_a_program():
    command = [sys.executable, "-m", "snn_depth.evaluate", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "usage: python -m snn_depth.evaluate" in done.stdout

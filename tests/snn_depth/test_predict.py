import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image

from snn_depth.command.exit import run_command
from snn_depth.command.parser import call_command
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import save_spikes
from snn_depth.evaluation.network_predictor import run_network
from snn_depth.predict import predict
from snn_depth.training.checkpoint import load_network


@pytest.fixture
def spikes():
    return (np.random.default_rng(0).random((50, 30, 44)) < 0.3).astype(np.uint8)


def test_everything_that_is_written(spikes, tiny_checkpoint, tmp_path, capsys):
    save_spikes(spikes, tmp_path / "clip.npy")
    output = tmp_path / "out"
    predict(
        tmp_path / "clip.npy",
        checkpoint=tiny_checkpoint,
        output=output,
        stride_frames=10,
        focal_length_px=50.0,
    )
    depth_m = np.load(output / "depth_m.npy")
    assert depth_m.shape == (4, 30, 44)
    assert depth_m.dtype == np.float32
    meta = json.loads((output / "meta.json").read_text())
    assert depth_m.std() > 0.1
    assert meta["metres_hold_for_this_camera"]
    assert [w["start_frame"] for w in meta["windows"]] == [0, 10, 20, 30]
    assert meta["windows"][1]["start_time_s"] == pytest.approx(10 / 20_000)
    assert meta["windows"][2]["depth_median_m"] == pytest.approx(np.median(depth_m[2]))
    assert 0 < next(iter(meta["windows"][0]["firing_rates"].values())) < 1
    for index in range(4):
        stored = np.asarray(Image.open(output / "depth_png" / f"{index:06d}.png"))
        np.testing.assert_allclose(
            stored / meta["depth_png_scale"], depth_m[index], atol=0.5 / 256 + 1e-5
        )
    assert len(list((output / "pictures").iterdir())) == 4
    assert Image.open(output / "depth.gif").n_frames == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.npy", "out"]
    printed = " ".join(capsys.readouterr().out.split())
    assert "median of window medians" in printed
    assert "30 x 44 resampled to 24 x 35, so that the focal lengths agree" in printed


def test_depth_is_that_of_the_network_on_each_window(spikes, tiny_checkpoint, tmp_path):
    save_spikes(spikes, tmp_path / "clip.npy")
    predict(tmp_path / "clip.npy", checkpoint=tiny_checkpoint, output=tmp_path / "out")
    loaded = load_network(tiny_checkpoint)
    camera = loaded.data.canonical_camera(30, 44, None)
    depth_m = np.load(tmp_path / "out" / "depth_m.npy")
    for window, start in zip(depth_m, (0, 16, 32), strict=True):
        frames = torch.from_numpy(spikes[start : start + 16]).float()
        counts = frames.view(4, 4, 30, 44).sum(1)[:, None, None]
        expected = run_network(loaded.network, counts, camera).depth_m[0, 0].numpy()
        np.testing.assert_allclose(window, expected, rtol=1e-5)


def test_formats_agree(spikes, tiny_checkpoint, tmp_path):
    save_spikes(spikes, tmp_path / "clip.dat")
    save_spikes(spikes, tmp_path / "clip.npz", SpikeFileOptions(axis_order="HWT", key="s"))
    save_spikes(spikes, tmp_path / "clip.h5")
    calls = {"clip.dat": "--height 30 --width 44", "clip.npz": "--axis-order HWT", "clip.h5": ""}
    stacks = []
    for name, options in calls.items():
        output = tmp_path / f"{name}_out"
        words = f"{tmp_path / name} --checkpoint {tiny_checkpoint} --output {output} {options}"
        call_command(predict, words.split())
        stacks.append(np.load(output / "depth_m.npy"))
    np.testing.assert_array_equal(stacks[0], stacks[1])
    np.testing.assert_array_equal(stacks[0], stacks[2])


def test_a_recordings_own_intrinsics_count_unless_others_are_given(
    make_recording, tiny_checkpoint, tmp_path
):
    path = make_recording(tmp_path / "r.h5", focal_length_px=80.0)
    expected = {"": [80.0, 80.0], "--intrinsics 60,50,24,16": [60.0, 50.0]}
    for options, focal_lengths_px in expected.items():
        output = tmp_path / "out"  # an earlier prediction is replaced
        words = f"{path} --checkpoint {tiny_checkpoint} --output {output} {options}"
        call_command(predict, words.split())
        meta = json.loads((output / "meta.json").read_text())
        assert meta["focal_lengths_px"] == focal_lengths_px


def test_bursts_are_not_mixed(spikes, tiny_checkpoint, tmp_path):
    with RecordingWriter(tmp_path / "b.h5", 30, 44, 20_000.0, burst_frames=20) as writer:
        writer.append_spikes(spikes[:40])
        for k in range(2):
            writer.append_key_frame(spike_index=20 * k + 10, timestamp_s=0.1 * k)
    predict(tmp_path / "b.h5", checkpoint=tiny_checkpoint, output=tmp_path / "out")
    meta = json.loads((tmp_path / "out" / "meta.json").read_text())
    assert [w["start_frame"] for w in meta["windows"]] == [0, 20]


def test_other_sample_rate_is_a_warning(spikes, tiny_checkpoint, tmp_path, capsys):
    save_spikes(spikes, tmp_path / "clip.npy")
    predict(
        tmp_path / "clip.npy",
        checkpoint=tiny_checkpoint,
        output=tmp_path / "out",
        file_options=SpikeFileOptions(sample_rate_hz=40_000.0),
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "warning: recorded at 40000 Hz" in printed
    assert "metres assume the training camera" in printed


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("clip.npy", "--checkpoint nowhere.safetensors", "nowhere.safetensors does not exist"),
        ("missing.npy", "", "missing.npy"),
        ("clip.npy", "--axis-order HWT --height 30 --width 44", "50x30, not of height 30"),
        ("clip.npy", "--stride-frames 0", "stride_frames is 0"),
        ("clip.npy", "--focal-length-px 0.004", "in pixels of the recording"),
        ("clip.npy", "--focal-length-px 50 --intrinsics 50,50,2,2", "not both"),
        ("clip.npy", "--intrinsics 50,50", "fx,fy,cx,cy"),
        ("short.npy", "", "has 15 frames; the network needs windows of 16"),
        ("counts.npy", "", "value 7; accepted: 0 and 1"),
        ("clip.dat", "--height 30 --width 41", "30"),
        ("clip.txt", "", "suffix"),
        ("empty.npz", "", "empty.npz"),
        ("picture.h5", "", "picture.h5"),
        ("clip.npy", "--device tpu9", "tpu9"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(
    name, options, message, spikes, tiny_checkpoint, tmp_path, monkeypatch, capsys
):
    save_spikes(spikes, tmp_path / "clip.npy")
    save_spikes(spikes, tmp_path / "clip.dat")
    save_spikes(spikes[:15], tmp_path / "short.npy")
    np.save(tmp_path / "counts.npy", spikes * 7)
    (tmp_path / "clip.txt").write_text("spikes")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "picture.h5").write_bytes(b"no HDF5 at all")
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    words = [name, "--checkpoint", str(tiny_checkpoint), "--output", "out", *options.split()]
    with pytest.raises(SystemExit) as exit_info:
        run_command(predict, words)
    assert exit_info.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert message in printed
    assert sorted(tmp_path.iterdir()) == before


def test_values_that_are_not_binary_in_the_middle_leave_the_old_prediction(
    spikes, tiny_checkpoint, tmp_path
):
    output = tmp_path / "out"
    save_spikes(spikes, tmp_path / "clip.npy")
    predict(tmp_path / "clip.npy", checkpoint=tiny_checkpoint, output=output)
    old = (output / "meta.json").read_text()
    spikes[40] = 3
    np.save(tmp_path / "broken.npy", spikes)
    with pytest.raises(ValueError, match="3"):
        predict(tmp_path / "broken.npy", checkpoint=tiny_checkpoint, output=output)
    assert (output / "meta.json").read_text() == old
    assert not [p for p in tmp_path.iterdir() if "partial" in p.name]


def test_foreign_folders_are_not_replaced(spikes, tiny_checkpoint, tmp_path):
    save_spikes(spikes, tmp_path / "clip.npy")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("x")
    with pytest.raises(ValueError, match="thesis holds other files"):
        predict(tmp_path / "clip.npy", checkpoint=tiny_checkpoint, output=tmp_path / "thesis")
    with pytest.raises(ValueError, match="is a file"):
        predict(tmp_path / "clip.npy", checkpoint=tiny_checkpoint, output=tmp_path / "clip.npy")


def test_an_rgb_network_cannot_predict_from_spikes(spikes, tiny_teacher, tmp_path):
    save_spikes(spikes, tmp_path / "clip.npy")
    with pytest.raises(ValueError, match="reads 'rgb', not spikes"):
        predict(tmp_path / "clip.npy", checkpoint=tiny_teacher, output=tmp_path / "out")


def test_real_recording(test_data_dir, tiny_checkpoint, tmp_path, caplog):
    path = test_data_dir / "spike_real" / "real_spike_first300_vidar.dat"
    with caplog.at_level(logging.WARNING):
        words = f"{path} --checkpoint {tiny_checkpoint} --output {tmp_path / 'out'}"
        call_command(
            predict, [*words.split(), "--stride-frames", "100", "--height", "250", "--width", "400"]
        )
    depth_m = np.load(tmp_path / "out" / "depth_m.npy")
    assert depth_m.shape == (3, 250, 400)
    assert ((depth_m >= 1) & (depth_m <= 80)).all()
    assert not caplog.records
    # Static scene, so all windows show about the same.
    assert np.abs(np.log(depth_m[0] / depth_m[2])).mean() < 0.2

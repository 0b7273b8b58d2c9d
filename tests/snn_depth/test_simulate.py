import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import open_spikes
from snn_depth.simulate import simulate

REPOSITORY = Path(__file__).resolve().parents[2]


def make_pictures(folder, count=3, size=(16, 24)):
    folder.mkdir(parents=True)
    for index in range(count):
        rgb = np.random.default_rng(index).integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(rgb).save(folder / f"{index}.png")
    return folder


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "snn_depth.simulate", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_command(tmp_path):
    pictures = make_pictures(tmp_path / "drive")
    output = tmp_path / "new" / "drive.h5"
    arguments = (pictures, output, "--burst_frames", 16, "--size", "8x12", "--frame_rate_hz", 10)
    result = command(*arguments)
    assert result.returncode == 0, result.stderr
    assert "drive.h5" in result.stdout
    with Recording.open(output) as recording:
        assert recording.spikes.shape == (48, 8, 12)
        assert recording.num_key_frames == 3


def test_command_ends_in_one_line_and_nothing_half_written(tmp_path):
    pictures = make_pictures(tmp_path / "drive")
    (pictures / "1.png").write_bytes(b"damaged")
    result = command(pictures, tmp_path / "out" / "a.h5")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "cannot read image" in result.stderr
    assert "1.png" in result.stderr
    assert not list((tmp_path / "out").iterdir())


def test_help_explains_every_option():
    result = command("--help", env=os.environ | {"COLUMNS": "100"})
    assert result.returncode == 0
    for text in ("HEIGHTxWIDTH", "KITTI 1/256", "optical flow", "continuous stream"):
        assert text in " ".join(result.stdout.split())


@pytest.mark.slow
def test_no_room_on_the_disk(tmp_path):
    """A limit on the file size stands for a full disk: writing fails half-way."""
    pictures = make_pictures(tmp_path / "drive", size=(128, 128))
    limited = (
        "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)); "
        "sys.argv = ['simulate', *sys.argv[1:]]; "
        "runpy.run_module('snn_depth.simulate', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", limited, str(pictures), str(tmp_path / "out" / "a.h5")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list((tmp_path / "out").iterdir())


def test_finished_outputs_are_skipped(tmp_path, capsys):
    pictures, output = make_pictures(tmp_path / "drive"), tmp_path / "a.h5"
    simulate(pictures, output, burst_frames=8)
    assert "30 pictures per second assumed" in capsys.readouterr().out
    made = output.stat().st_mtime_ns
    simulate(pictures, output, burst_frames=8)
    assert "skipped" in " ".join(capsys.readouterr().out.split())
    assert output.stat().st_mtime_ns == made
    with pytest.raises(ValueError, match="other settings"):
        simulate(pictures, output, burst_frames=4)
    simulate(pictures, output, burst_frames=4, overwrite=True)
    with Recording.open(output) as recording:
        assert recording.spikes.shape[0] == 12


def test_adding_depth_is_no_repetition(tmp_path):
    pictures = make_pictures(tmp_path / "drive")
    simulate(pictures, tmp_path / "a.h5", burst_frames=8)
    (tmp_path / "depth").mkdir()
    for index in range(3):
        np.save(tmp_path / "depth" / f"{index}.npy", np.ones((16, 24)))
    with pytest.raises(ValueError, match="other settings"):
        simulate(pictures, tmp_path / "a.h5", burst_frames=8, depth_folder=tmp_path / "depth")


def test_sequences_are_named_after_their_folders(tmp_path, monkeypatch):
    make_pictures(tmp_path / "in" / "drive.1")
    make_pictures(tmp_path / "in" / "drive.2")
    simulate(tmp_path / "in", tmp_path / "out", burst_frames=4)
    monkeypatch.chdir(tmp_path / "in" / "drive.1")
    simulate(Path("."), tmp_path / "here", burst_frames=4)
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.h5"))
    assert written == ["here/drive.1.h5", "out/drive.1.h5", "out/drive.2.h5"]


@pytest.mark.slow
def test_damaged_video_is_one_line(tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    result = command(tmp_path / "a.mp4", tmp_path / "a.h5")
    assert result.returncode == 2
    assert result.stderr == f"error: cannot decode video {tmp_path / 'a.mp4'}\n"


def test_several_sequences_resume(tmp_path):
    for name in ("a", "b"):
        make_pictures(tmp_path / "in" / name)
    damaged = tmp_path / "in" / "b" / "2.png"
    good = damaged.read_bytes()
    damaged.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"^b\.h5: cannot read image"):
        simulate(tmp_path / "in", tmp_path / "out", burst_frames=8)
    made = (tmp_path / "out" / "a.h5").stat().st_mtime_ns
    damaged.write_bytes(good)
    simulate(tmp_path / "in", tmp_path / "out", burst_frames=8, num_workers=2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.h5", "b.h5"]
    assert (tmp_path / "out" / "a.h5").stat().st_mtime_ns == made


def contents(folder):
    """Spikes and settings of every recording, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        with Recording.open(path) as recording:
            found[path.name] = (recording.spikes[:].tobytes(), recording.camera)
    return found


def test_shards_together_make_the_files_of_one_run(tmp_path, capsys):
    for name in "abcde":
        make_pictures(tmp_path / "in" / name)
    options = {"burst_frames": 8, "noise": "model", "frame_rate_hz": 30.0}
    simulate(tmp_path / "in", tmp_path / "whole", **options)
    assert "left for" not in capsys.readouterr().out
    for index, own in enumerate(("ad", "be", "c"), start=1):
        before = set(contents(tmp_path / "parts")) if index > 1 else set()
        simulate(tmp_path / "in", tmp_path / "parts", shard=f"{index}/3", **options)
        made = set(contents(tmp_path / "parts")) - before
        assert made == {f"{name}.h5" for name in own}
        left = ", ".join(name for name in "abcde" if name not in own)
        said = " ".join(capsys.readouterr().out.split())
        assert f"shard {index}/3: {len(own)} of 5 sequences; left for the other shards: {left}" in (
            said
        )
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_shards_stay_the_same_when_some_outputs_are_finished(tmp_path):
    for name in "abc":
        make_pictures(tmp_path / "in" / name)
    for shard in ("1/2", "1/2", "2/2"):
        simulate(tmp_path / "in", tmp_path / "out", burst_frames=8, shard=shard)
        expected = {"1/2": ["a.h5", "c.h5"], "2/2": ["a.h5", "b.h5", "c.h5"]}[shard]
        assert sorted(contents(tmp_path / "out")) == expected


def test_a_shard_may_be_empty(tmp_path, capsys):
    for name in "ab":
        make_pictures(tmp_path / "in" / name)
    simulate(tmp_path / "in", tmp_path / "out", burst_frames=8, shard="3/3")
    assert "shard 3/3: 0 of 2 sequences" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "out").exists()


def test_recordings_made_before_are_finished(tmp_path):
    """The settings that version 0.1 wrote."""
    simulate(make_pictures(tmp_path / "drive"), tmp_path / "a.h5", burst_frames=8)
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.camera == {
            "camera": {"gain": 1.0, "v_threshold": 1.0, "sample_rate_hz": 20000.0, "noise": None},
            "burst_frames": 8,
            "interpolation": "flow",
            "gamma": 2.2,
            "size": None,
            "num_pictures": 3,
            "frame_rate_hz": 30.0,
            "num_depth_maps": 0,
            "metres_per_unit": None,
            "num_poses": 0,
            "intrinsics": None,
            "seed": [0, zlib.crc32(b"a")],
        }


def test_several_sequences_with_depth_and_poses(tmp_path):
    for name in ("a", "b"):
        folder = make_pictures(tmp_path / "in" / name)
        np.savetxt(folder / "poses.txt", np.tile(np.eye(4)[:3].reshape(1, 12), (3, 1)))
        (folder / "depth").mkdir()
        for index in range(3):
            depth = np.full((16, 24), 512 * (index + 1), np.uint16)
            Image.fromarray(depth).save(folder / "depth" / f"{index}.png")
    simulate(
        tmp_path / "in",
        tmp_path / "out",
        burst_frames=8,
        interpolation="depth",
        depth_folder=Path("depth"),
        depth_scale="1/256",
        poses=Path("poses.txt"),
        intrinsics="20,20,12,8",
    )
    with Recording.open(tmp_path / "out" / "b.h5") as recording:
        assert [recording.depth_m(k)[0, 0] for k in range(3)] == [2, 4, 6]
        np.testing.assert_array_equal(recording.pose(2), np.eye(4))


def test_bare_spikes(tmp_path):
    pictures = make_pictures(tmp_path / "drive")
    simulate(pictures, tmp_path / "a.dat", burst_frames=8, noise="model")
    simulate(pictures, tmp_path / "a.h5", burst_frames=8, noise="model")
    with (
        open_spikes(tmp_path / "a.dat", SpikeFileOptions(height=16, width=24)) as bare,
        open_spikes(tmp_path / "a.h5") as recorded,
    ):
        np.testing.assert_array_equal(bare[:], recorded[:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "250"}, "size must be HEIGHTxWIDTH such as 250x400, not '250'"),
        ({"size": "0x4"}, "size must be HEIGHTxWIDTH"),
        ({"gain": 1.5}, "gain 1.5 exceeds v_threshold 1.0"),
        ({"noise": "loud"}, "noise must be none, model or an existing .npz file, not 'loud'"),
        ({"depth_scale": "1/0"}, "depth_scale must be a positive number such as 1/256"),
        ({"frame_rate_hz": 0.0}, "frame_rate_hz must be positive"),
        ({"num_workers": 0}, "num_workers must be at least 1"),
        ({"shard": "5/4"}, r"shard is '5/4'; accepted: 1/n to n/n, such as 1/4 ... 4/4"),
        ({"depth_folder": Path("absent")}, "folder not found: absent"),
        ({"interpolation": "depth"}, "needs depth maps, intrinsics and poses"),
        ({"image_pattern": "*.jpg"}, "no pictures match"),
    ],
)
def test_bad_options(tmp_path, options, message):
    pictures = make_pictures(tmp_path / "drive")
    with pytest.raises((ValueError, OSError), match=message):
        simulate(pictures, tmp_path / "a.h5", **options)
    assert not (tmp_path / "a.h5").exists()


def test_bad_outputs(tmp_path):
    for name in ("a", "b"):
        make_pictures(tmp_path / "in" / name)
    with pytest.raises(ValueError, match="2 sequences; the output must be a folder"):
        simulate(tmp_path / "in", tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"cannot write .*accepted: \.dat \.h5"):
        simulate(tmp_path / "in" / "a", tmp_path / "a.mat")


def link_some(source, target, pattern, count):
    files = sorted(source.glob(pattern))
    if not files:
        pytest.skip(f"{source}/{pattern} not found")
    target.mkdir(exist_ok=True)
    for file in files[:count]:
        (target / file.name).symlink_to(file)
    return target


def correlation(a, b):
    return np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]


def test_real_drive(test_data_dir, tmp_path):
    kitti = test_data_dir / "kitti_sequence"
    pictures = link_some(kitti / "image_02", tmp_path / "rgb", "*.png", 3)
    depth = link_some(kitti / "depth_lidar", tmp_path / "depth", "*.png", 3)
    simulate(
        pictures,
        tmp_path / "a.h5",
        frame_rate_hz=10.0,
        size="94x311",
        depth_folder=depth,
        depth_scale="1/256",
        intrinsics="721.5377,721.5377,609.5593,172.854",
    )
    with Recording.open(tmp_path / "a.h5") as recording:
        texture = recording.window(1, 128).mean(0)
        light = (recording.rgb(1) / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722]
        assert correlation(texture, light) > 0.99
        depth_m = recording.depth_m(1)
        assert 0.2 < np.count_nonzero(depth_m) / depth_m.size < 0.5
        assert depth_m.max() < 80
        assert recording.intrinsics[0, 0] == pytest.approx(721.5377 * 311 / 1242)


def test_real_room(test_data_dir, tmp_path):
    scenes = test_data_dir / "seven_scenes"
    folder = link_some(scenes, tmp_path / "room", "frame-00000[0-2]*", 9)
    simulate(
        folder,
        tmp_path / "a.h5",
        interpolation="depth",
        size="120x160",
        image_pattern="*.color.jpg",
        depth_folder=folder,
        depth_pattern="*.depth.png",
        depth_scale="1/1000",
        poses=folder,
        intrinsics=str(scenes / "camera-intrinsics.txt"),
        noise="model",
    )
    with Recording.open(tmp_path / "a.h5") as recording:
        texture = recording.window(2, 128).mean(0)
        light = (recording.rgb(2) / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722]
        assert correlation(texture, light) > 0.97
        assert recording.pose(0)[0, 3] == pytest.approx(-0.3404563)
        assert 0.5 < np.median(recording.depth_m(0)) < 4

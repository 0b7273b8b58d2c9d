"""Recordings of several sensors, and those of the first schema, which had none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from snn_depth.data.streams.recording import Recording, RecordingWriter
from snn_depth.data.streams.recording_sensors import SensorView
from snn_depth.data.streams.vidar import pack_frames
from snn_depth.geometry.rig import Sensor

SIZES = {"rgb": (6, 8), "nir": (4, 7), "thermal": (2, 3)}
TYPES = {"rgb": np.uint8, "nir": np.uint8, "thermal": np.uint16}
FRAMES = np.random.default_rng(0).integers(0, 2, (12, 3, 5), np.uint8)


def sensor(name: str, x_m: float = 0.1) -> Sensor:
    place = torch.eye(4, dtype=torch.float64)
    place[0, 3] = x_m
    height, width = SIZES[name]
    matrix = torch.tensor([[9.0, 0, width / 2], [0, 9, height / 2], [0, 0, 1]]).double()
    return Sensor((height, width), matrix, place)


def view(name: str, k: int, with_depth: bool = True) -> SensorView:
    rng, size = np.random.default_rng(k), SIZES[name]
    shape = (*size, 3) if name == "rgb" else size
    image = rng.integers(0, np.iinfo(TYPES[name]).max, shape, TYPES[name])
    depth_m = rng.random(size).astype(np.float32) if with_depth else None
    return SensorView(image, 0.1 * k + 0.004, depth_m)


def write(path: Path, sensors: dict[str, Sensor], views: list[dict[str, Any]], **parts) -> None:
    with RecordingWriter(path, 3, 5, 1e4, intrinsics=np.diag([9, 9, 1]), sensors=sensors) as writer:
        writer.append_spikes(FRAMES)
        for k, seen in enumerate(views):
            writer.append_key_frame(spike_index=4 * k, timestamp_s=0.1 * k, views=seen, **parts)


def test_sensors_of_other_sizes_come_back(tmp_path: Path) -> None:
    sensors = {name: sensor(name, x) for name, x in (("rgb", 0.1), ("nir", 0.2), ("thermal", -0.3))}
    views = [{name: view(name, k, name != "nir") for name in SIZES} for k in range(3)]
    write(tmp_path / "a.h5", sensors, views, pose=np.eye(4), depth_m=np.ones((3, 5)))
    with Recording.open(tmp_path / "a.h5") as recording:
        assert set(recording.sensor_names) == set(SIZES)
        for k in range(3):
            for name in SIZES:
                seen, expected = recording.view(name, k), views[k][name]
                np.testing.assert_array_equal(seen.image, expected.image)
                assert seen.image.dtype == TYPES[name] and seen.time_s == expected.time_s
                if name == "nir":
                    assert seen.depth_m is None
                else:
                    np.testing.assert_array_equal(seen.depth_m, expected.depth_m)
        assert recording.rgb(0) is None
        np.testing.assert_array_equal(recording.depth_m(1), np.ones((3, 5)))
        rig = recording.rig.sensors
        assert set(rig) == {"spikes", *SIZES}
        assert rig["spikes"].size == (3, 5) and rig["nir"].size == (4, 7)
        assert torch.equal(rig["spikes"].intrinsics, torch.diag(torch.tensor([9.0, 9, 1]).double()))
        assert torch.equal(rig["thermal"].intrinsics, sensors["thermal"].intrinsics)
        assert recording.rig.source_from_target("spikes", "nir")[0, 3] == 0.2
        assert recording.rig.source_from_target("thermal", "nir")[0, 3] == 0.5
        with pytest.raises(IndexError, match="key frame 3 of 3"):
            recording.view("nir", 3)
        with pytest.raises(ValueError, match="sensor 'lidar'; accepted: "):
            recording.view("lidar", 0)


def test_layout_on_disk(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", {"thermal": sensor("thermal")}, [{"thermal": view("thermal", 0)}])
    with h5py.File(tmp_path / "a.h5") as file:
        group = file["sensors/thermal"]
        shapes = {name: (data.shape, data.dtype.str) for name, data in group.items()}
        assert file["sensors"].keys() == {"thermal"}
        assert group["image"].fletcher32 and group["time_s"].fletcher32
    assert shapes == {
        "image": ((1, 2, 3), "<u2"),
        "depth_m": ((1, 2, 3), "<f4"),
        "time_s": ((1,), "<f8"),
        "intrinsics": ((3, 3), "<f8"),
        "rig_from_camera": ((4, 4), "<f8"),
    }


def test_pictures_with_the_spikes_pixels_are_an_identity_rig(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", {}, [{}, {}], rgb=np.zeros((3, 5, 3), np.uint8))
    with Recording.open(tmp_path / "a.h5") as recording:
        assert recording.sensor_names == ()
        assert set(recording.rig.sensors) == {"spikes", "rgb"}
        assert torch.equal(recording.rig.source_from_target("rgb", "spikes"), torch.eye(4).double())
        with pytest.raises(ValueError, match="sensor 'rgb'; accepted: none"):
            recording.view("rgb", 0)
    with h5py.File(tmp_path / "a.h5") as file:
        assert "sensors" not in file


@pytest.mark.parametrize(
    ("name", "seen", "message"),
    [
        ("nir", {}, r"views of \[\]; accepted: \['nir'\]"),
        ("nir", {"nir": view("nir", 0), "rgb": view("rgb", 0)}, "accepted: "),
        ("nir", {"nir": view("thermal", 0)}, r"sensors/nir/image has shape \(2, 3\); .*\(4, 7\)"),
        ("nir", {"nir": SensorView(np.zeros((4, 7)), 0.0)}, "image is of type float64; .* uint8"),
        ("thermal", {"thermal": SensorView(np.zeros((2, 3), "u1"), 0.0)}, "accepted: uint16"),
        (
            "nir",
            {"nir": SensorView(view("nir", 0).image, 0.0, np.ones((2, 3)))},
            r"sensors/nir/depth_m has shape \(2, 3\); accepted: \(4, 7\)",
        ),
        (
            "nir",
            {"nir": SensorView(view("nir", 0).image, 0.0, -np.ones((4, 7)))},
            "sensors/nir/depth_m is infinite or negative",
        ),
    ],
)
def test_bad_views_leave_no_file(tmp_path: Path, name: str, seen: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "a.h5", {name: sensor(name)}, [seen])
    assert not list(tmp_path.iterdir())


def test_views_keep_their_parts(tmp_path: Path) -> None:
    views = [{"nir": view("nir", 0)}, {"nir": view("nir", 1, with_depth=False)}]
    with pytest.raises(ValueError, match="sensors/nir/key frame 1 has the parts"):
        write(tmp_path / "a.h5", {"nir": sensor("nir")}, views)
    rgb = np.zeros((3, 5, 3), np.uint8)
    with pytest.raises(ValueError, match="rgb is given twice"):
        write(tmp_path / "a.h5", {"rgb": sensor("rgb")}, [{"rgb": view("rgb", 0)}], rgb=rgb)


def test_unknown_kinds_of_sensors(tmp_path: Path) -> None:
    for name in ("lidar", "spikes"):
        with pytest.raises(ValueError, match=f"sensor '{name}'; accepted: rgb, nir, thermal"):
            RecordingWriter(tmp_path / "a.h5", 3, 5, 1e4, sensors={name: Sensor((3, 5))})


def replaced(name: str, value: np.ndarray) -> Callable[[h5py.File], None]:
    def damage(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.__delitem__("sensors/nir/image"), "corrupt"),
        (lambda file: file.__delitem__("sensors/nir/time_s"), "corrupt"),
        (lambda file: file.__delitem__("sensors/nir/rig_from_camera"), "corrupt"),
        (lambda file: file.move("sensors/nir", "sensors/lidar"), "sensor 'lidar'; accepted: rgb"),
        (lambda file: file.move("sensors/nir", "sensors/thermal"), "image is uint8"),
        (replaced("sensors/nir/image", np.zeros((1, 4, 7), "u1")), r"accepted: uint8 \(2, 4, 7\)"),
        (replaced("sensors/nir/image", np.uint8(3)), "corrupt"),
        (replaced("sensors/nir/depth_m", np.zeros((2, 4, 6), "f4")), "sensors/nir/depth_m is"),
        (replaced("sensors/nir/intrinsics", np.eye(4)), "sensors/nir/intrinsics is float64"),
        (replaced("sensors/nir/rig_from_camera", np.zeros((4, 4))), "accepted: a rotation"),
        (replaced("sensors/nir", np.eye(3)), "corrupt"),
        (replaced("sensors", np.eye(3)), "corrupt"),
        (
            lambda file: (
                file.move("sensors/nir", "sensors/rgb"),
                file.create_dataset("rgb", (2, 3, 5, 3), "u1"),
            ),
            "rgb is both",
        ),
    ],
)
def test_damaged_sensors(
    tmp_path: Path, damage: Callable[[h5py.File], object], message: str
) -> None:
    views = [{"nir": view("nir", k)} for k in range(2)]
    write(tmp_path / "a.h5", {"nir": sensor("nir")}, views)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        damage(file)
    with pytest.raises(ValueError, match=rf"a\.h5.*{message}"):
        Recording.open(tmp_path / "a.h5")


def test_damaged_bytes_are_found(tmp_path: Path) -> None:
    path, rng = tmp_path / "a.h5", np.random.default_rng(0)
    write(path, {"nir": sensor("nir")}, [{"nir": view("nir", k)} for k in range(2)])
    content = path.read_bytes()
    expected = [view("nir", k) for k in range(2)]
    num_refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            with Recording.open(path) as recording:
                seen = [recording.view("nir", k) for k in range(2)]
        except ValueError as error:
            assert "a.h5" in str(error)
            num_refused += 1
            continue
        for found, true in zip(seen, expected, strict=True):
            np.testing.assert_array_equal(found.image, true.image)
            np.testing.assert_array_equal(found.depth_m, true.depth_m)
            assert found.time_s == true.time_s
    assert num_refused > 50


def write_schema_1(path: Path) -> dict[str, np.ndarray]:
    """A recording as the project wrote it up to version 0.1, dataset by dataset."""
    rng = np.random.default_rng(1)
    parts = {
        "rgb": rng.integers(0, 256, (2, 3, 5, 3), np.uint8),
        "depth_m": rng.random((2, 3, 5)).astype(np.float32),
        "pose": np.stack([np.eye(4), np.diag([-1.0, -1, 1, 1])]),
        "timestamps_s": np.array([0.0, 0.1]),
        "spike_index": np.array([2, 6]),
    }
    with h5py.File(path, "w", libver="v110") as file:
        file.attrs["format"] = np.bytes_(b"snn-depth-recording")
        file.attrs["schema_version"] = 1
        file.attrs["height"], file.attrs["width"] = 3, 5
        file.attrs["sample_rate_hz"], file.attrs["burst_frames"] = 2e4, 4
        file.attrs["camera"] = np.bytes_(b'{"gain": 0.5}')
        file.attrs["license"] = np.bytes_("CC0, \u00e9".encode())
        packed = pack_frames(FRAMES)
        file.create_dataset("spikes", data=packed, chunks=(12, 2), compression="lzf")
        for name, data in parts.items():
            file.create_dataset(name, data=data, chunks=(1, *data.shape[1:]), fletcher32=True)
        file["intrinsics"] = np.diag([9.0, 9, 1])
    return parts


def test_recordings_of_the_first_schema_are_read(tmp_path: Path) -> None:
    parts = write_schema_1(tmp_path / "a.h5")
    with Recording.open(tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.spikes[:], FRAMES)
        assert recording.spikes.sample_rate_hz == 2e4
        assert (recording.num_key_frames, recording.burst_frames) == (2, 4)
        assert (recording.camera, recording.license) == ({"gain": 0.5}, "CC0, \u00e9")
        for k in range(2):
            np.testing.assert_array_equal(recording.rgb(k), parts["rgb"][k])
            np.testing.assert_array_equal(recording.depth_m(k), parts["depth_m"][k])
            np.testing.assert_array_equal(recording.pose(k), parts["pose"][k])
            assert recording.timestamp_s(k) == parts["timestamps_s"][k]
            np.testing.assert_array_equal(recording.window(k, 4), FRAMES[4 * k : 4 * k + 4])
        assert recording.sensor_names == ()
        assert set(recording.rig.sensors) == {"spikes", "rgb"}
        assert recording.rig.sensors["rgb"].intrinsics[0, 0] == 9

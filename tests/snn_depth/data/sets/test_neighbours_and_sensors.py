"""Other moments and other sensors beside a key frame."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from snn_depth.data.sample import collate
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.streams.recording import RecordingWriter
from snn_depth.data.streams.recording_sensors import SensorView
from snn_depth.geometry.rig import Sensor

NUM_KEY_FRAMES, SIZE = 5, (6, 10)
TURN = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # a quarter about y: right becomes ahead


def world_from_rig(k: int) -> np.ndarray:
    """One metre ahead per key frame; at the third, turned to the right."""
    pose = np.eye(4)
    pose[:3, 3] = (0, 0, k)
    if k == 2:
        pose[:3, :3] = TURN
    return pose


def write(path: Path, *, poses: bool = True, sensors: bool = False) -> None:
    rng = np.random.default_rng(0)
    place = torch.eye(4, dtype=torch.float64)
    place[0, 3] = 0.25
    thermal = Sensor((4, 8), torch.diag(torch.tensor([9.0, 9, 1], dtype=torch.float64)), place)
    beside = {"thermal": thermal, "nir": Sensor((3, 5))} if sensors else {}
    with RecordingWriter(path, *SIZE, 1000.0, intrinsics=np.eye(3), sensors=beside) as writer:
        for k in range(NUM_KEY_FRAMES):
            writer.append_spikes(rng.integers(0, 2, (8, *SIZE), np.uint8))
            views = {
                "thermal": SensorView(
                    np.full((4, 8), 13107 * k, np.uint16), k + 0.5, np.full((4, 8), 3.0, np.float32)
                ),
                "nir": SensorView(np.full((3, 5), k, np.uint8), float(k)),
            }
            writer.append_key_frame(
                spike_index=8 * k + 4,
                timestamp_s=float(k),
                rgb=np.full((*SIZE, 3), 10 * k, np.uint8),
                depth_m=np.full(SIZE, 1.0 + k, np.float32),
                pose=world_from_rig(k) if poses else None,
                views=views if sensors else None,
            )


def test_neighbours_and_their_places_by_hand(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    dataset = RecordingDataset(tmp_path, 8, 2, neighbours=[-1, 1])
    assert len(dataset) == 3, "the first and the last key frame lack a neighbour"
    plain = RecordingDataset(tmp_path, 8, 2)
    for index in range(3):
        sample = dataset[index]
        assert torch.equal(sample["spikes"].image, plain[index + 1]["spikes"].image)
        assert list(sample.neighbours) == [-1, 1]
        for offset, other in sample.neighbours.items():
            assert torch.equal(other["spikes"].image, plain[index + 1 + offset]["spikes"].image)
            assert other["rgb"].image.unique().tolist() == [10 * (index + 1 + offset)]
            assert other["spikes"].time_s - sample["spikes"].time_s == offset
    ahead = dataset[2].neighbours[1].centre_from_rig  # from key frame 3 to 4
    assert ahead is not None and ahead.dtype == torch.float32
    expected = torch.eye(4)
    expected[2, 3] = 1.0
    assert torch.equal(ahead, expected)
    # Key frame 2 looks to the right: what lies a metre further along the road is on its left.
    turned = dataset[1].neighbours[1].centre_from_rig
    assert turned is not None
    assert (turned @ torch.tensor([0.0, 0, 0, 1])).tolist() == pytest.approx([-1, 0, 0, 1])
    assert (turned @ torch.tensor([0.0, 0, 1, 1])).tolist() == pytest.approx([-2, 0, 0, 1])


def test_neighbours_are_stacked_mirrored_and_kept_in_memory_once(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    dataset = RecordingDataset(tmp_path, 8, 2, neighbours=[1])
    batch = collate([dataset[0], dataset[1]])
    other = batch.neighbours[1]
    assert other["spikes"].image.shape == (2, 2, 1, *SIZE)
    assert other.centre_from_rig is not None and other.centre_from_rig.shape == (2, 4, 4)
    mirrored = dataset[1].mirror().neighbours[1]
    place, before = mirrored.centre_from_rig, dataset[1].neighbours[1].centre_from_rig
    assert place is not None and before is not None
    m = torch.diag(torch.tensor([-1.0, 1, 1, 1]))
    assert torch.equal(place, m @ before @ m)
    assert torch.equal(mirrored["spikes"].image, dataset[1].neighbours[1]["spikes"].image.flip(-1))
    assert dataset[0].neighbours[1]["spikes"] is dataset[1]["spikes"]


def test_neighbours_without_poses_have_no_place_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.h5", poses=False)
    with caplog.at_level(logging.WARNING):
        dataset = RecordingDataset(tmp_path, 8, 2, neighbours=[2])
    assert "a.h5 has no poses: its neighbours are without relative pose" in caplog.text
    assert len(dataset) == 3 and dataset[0].neighbours[2].centre_from_rig is None


def test_neighbours_stay_inside_the_chosen_key_frames(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    dataset = RecordingDataset(tmp_path, 8, 2, key_frames=(0, 2), neighbours=[1])
    assert len(dataset) == 2
    with pytest.raises(ValueError, match=r"and neighbours \[5\] in"):
        RecordingDataset(tmp_path, 8, 2, neighbours=[5])
    with pytest.raises(ValueError, match=r"neighbours are \[0\]; accepted: key frames other"):
        RecordingDataset(tmp_path, 8, 2, neighbours=[0])


def test_sensors_have_their_own_pixels_and_place(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", sensors=True)
    plain = RecordingDataset(tmp_path, 8, 2)
    assert list(plain[0].views) == ["spikes", "rgb"]
    dataset = RecordingDataset(tmp_path, 8, 2, sensors=["thermal", "spikes", "nir"])
    sample = dataset[2]
    assert list(sample.views) == ["thermal", "spikes", "nir"]
    thermal, nir = sample["thermal"], sample["nir"]
    assert thermal.image.shape == (1, 4, 8) and thermal.image.dtype == torch.float32
    assert thermal.image.unique().tolist() == pytest.approx([0.4])  # of the largest uint16
    assert thermal.rig_from_camera[0, 3] == 0.25 and thermal.intrinsics[0, 0] == 9
    assert thermal.depth_m.unique().tolist() == [3] and thermal.time_s == 2.5
    assert nir.image.shape == (1, 3, 5) and nir.image.dtype == torch.uint8
    assert not nir.has("depth_m") and not nir.has("intrinsics")
    assert torch.equal(nir.rig_from_camera, torch.eye(4))
    batch = collate([sample, dataset[1]])
    assert batch["nir"].image.shape == (2, 1, 3, 5)
    assert batch["nir"].image[0].unique().tolist() == pytest.approx([2 / 255])
    assert batch["thermal"].image.shape == (2, 1, 4, 8)
    assert sample.mirror()["thermal"].rig_from_camera[0, 3] == -0.25


def test_a_sensor_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"a\.h5 has no sensor 'nir'; accepted: spikes, rgb"):
        RecordingDataset(tmp_path, 8, 2, sensors=["nir"])

import numpy as np
import pytest
import torch

from snn_depth.data.sets.public import KittiRaw
from snn_depth.data.simulation.pictures import linear_intensity
from snn_depth.data.simulation.simulation_job import SimulationJob
from tests.snn_depth.data.sets.public.trees import HEIGHT, WIDTH, make_kitti_raw

SECOND_DRIVE = "2011_09_26_drive_0002_sync"


@pytest.fixture
def root(tmp_path):
    make_kitti_raw(tmp_path / "kitti")
    return make_kitti_raw(tmp_path / "kitti", SECOND_DRIVE, num_frames=4)


@pytest.fixture
def make(root, tmp_path):
    def make(**settings):
        defaults = {"size": (12, 20), "crop": None, "num_frames": 16, "num_bins": 4}
        return KittiRaw(root, cache_dir=str(tmp_path / "cache"), **defaults | settings)

    return make


def recordings(tmp_path):
    return sorted((tmp_path / "cache").rglob("*.h5"))


def test_samples(make):
    dataset = make(num_frames=64)
    assert len(dataset) == 3 + 2
    sample = dataset[0]
    assert sample["spikes"].image.shape == (4, 1, 12, 20)
    assert sample["spikes"].image.dtype == torch.uint8
    assert sample["rgb"].image.shape == (3, 12, 20)
    assert sample["spikes"].intrinsics[0, 0] == 15
    assert (dataset.spec.height, dataset.spec.width, dataset.spec.num_bins) == (12, 20, 4)
    # Brighter pixels fire more often: the spikes show the picture.
    rate = sample["spikes"].image.sum(0)[0].float().flatten()
    light = linear_intensity(sample["rgb"].image.permute(1, 2, 0).numpy(), 2.2).ravel()
    assert np.corrcoef(rate, light)[0, 1] > 0.95


def test_nothing_is_made_twice(make, tmp_path, monkeypatch):
    first = make()
    files = recordings(tmp_path)
    assert len(files) == 2

    def run(self, on_progress):
        raise AssertionError(f"{self.output} is made again")

    monkeypatch.setattr(SimulationJob, "run", run)
    again = make(num_bins=2)  # the spikes are stored unbinned
    assert recordings(tmp_path) == files
    pairs = first[0]["spikes"].image.reshape(2, 2, 1, 12, 20)
    np.testing.assert_array_equal(pairs.sum(1), again[0]["spikes"].image)
    with pytest.raises(AssertionError, match="is made again"):
        make(sensor="noisy")


def test_a_run_goes_on_where_it_stopped(make, tmp_path):
    make()
    kept, lost = recordings(tmp_path)
    made_at = kept.stat().st_mtime_ns
    lost.unlink()
    make()
    assert recordings(tmp_path) == [kept, lost]
    assert kept.stat().st_mtime_ns == made_at


def test_another_choice_of_pictures_is_another_recording(make, root, tmp_path):
    make()
    depth = root / "train" / SECOND_DRIVE / "proj_depth/groundtruth/image_02"
    (depth / "0000000001.png").unlink()
    assert len(make()) == 3 + 1
    assert len(recordings(tmp_path)) == 3


def test_one_damaged_sequence_does_not_stop_the_others(make, root, tmp_path):
    picture = root / "2011_09_26" / SECOND_DRIVE / "image_02/data/0000000002.png"
    intact = picture.read_bytes()
    picture.write_bytes(intact[:60])
    with pytest.raises(ValueError, match=r"1 of 2 sequences of KITTI raw .*0000000002\.png"):
        make()
    assert [path.name[:26] for path in recordings(tmp_path)] == ["2011_09_26_drive_0001_sync"]
    picture.write_bytes(intact)
    assert len(make()) == 5


def test_bad_bins_are_refused_before_the_simulation(make, tmp_path):
    with pytest.raises(ValueError, match="num_frames 16 is not a multiple of num_bins 3"):
        make(num_bins=3)
    assert not recordings(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (4, 24)}, r"size is \[4, 24\]; accepted: 8 or more"),
        ({"crop": (0, 24)}, r"crop is \[0, 24\]; accepted: 1 or more"),
        ({"num_frames": 0}, "num_frames is 0; accepted: positive"),
        ({"sample_rate_hz": -1.0}, "sample_rate_hz must be positive, not -1.0"),
        ({"max_depth_m": float("inf")}, "max_depth_m must be positive, not inf"),
        ({"sensor": "real"}, "sensor is 'real'; accepted: ideal, noisy"),
        ({"interpolation": "linear"}, "interpolation is 'linear'; accepted: flow, depth, none"),
    ],
)
def test_bad_settings(make, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)
    assert not recordings(tmp_path)


def test_settings_have_folders_of_their_own(make, tmp_path):
    for settings in ({}, {}, {"crop": (20, 30)}, {"sensor": "noisy"}, {"max_depth_m": 4.0}):
        make(**settings)
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_crop_larger_than_the_pictures(make):
    with pytest.raises(ValueError, match=f"crop is 352x1216, larger than .* {HEIGHT}x{WIDTH}"):
        make(crop=(352, 1216))


def test_preview_has_everything_at_its_own_size(root):
    sample = KittiRaw.preview(root)
    assert sample["rgb"].image.shape == (3, HEIGHT, WIDTH)
    assert sample["spikes"].image.shape == (8, 1, HEIGHT, WIDTH)
    assert sample["spikes"].depth_m.shape == (1, HEIGHT, WIDTH)
    assert sample["spikes"].depth_m.unique().tolist() == [2]


@pytest.mark.slow
def test_processes_give_the_same_recordings(tmp_path):
    root = make_kitti_raw(tmp_path / "kitti", num_frames=102)
    make_kitti_raw(root, SECOND_DRIVE)
    samples = [
        KittiRaw(root, size=(8, 12), crop=None, cache_dir=str(tmp_path / f"{n}"), num_workers=n)
        for n in (1, 2)
    ]
    assert len(samples[0]) == len(samples[1]) == 103
    for index in (0, 50, 102):
        alone, shared = samples[0][index], samples[1][index]
        assert set(alone.views) == set(shared.views) == {"rgb", "spikes"}
        for sensor, view in alone.views.items():
            assert set(view.parts) == set(shared[sensor].parts) >= {"image", "depth_m"}
            for part, value in view.parts.items():
                np.testing.assert_array_equal(value, shared[sensor].parts[part])

import h5py
import numpy as np
import pytest
import scipy.io

from snn_depth.data.sets.public import NyuV2
from tests.snn_depth.data.sets.public.trees import make_nyu_folders, make_nyu_labelled

SMALL = {"size": None, "num_frames": 8, "num_bins": 2}


def make(root, split, **settings):
    return NyuV2(root, split, cache_dir=str(root / "cache"), **SMALL | settings)


@pytest.fixture
def root(tmp_path):
    return make_nyu_labelled(tmp_path / "nyu")


@pytest.fixture
def folders(tmp_path):
    return make_nyu_folders(tmp_path / "nyu")


def test_official_split_counts_from_one(root):
    train, test = make(root, "train"), make(root, "test")
    assert [train[k]["spikes"].depth_m.max() for k in range(3)] == [1, 3, 5]
    assert [test[k]["spikes"].depth_m.max() for k in range(2)] == [2, 4]
    assert train[0]["spikes"].intrinsics[0, 0].item() == pytest.approx(518.8579)


def test_filled_depth(root):
    assert make(root, "test", filled_depth=True)[0]["spikes"].depth_m.min() == 2
    assert make(root, "test")[0]["spikes"].depth_m.min() == 0


def test_depth_beyond_ten_metres_is_not_measured(tmp_path):
    root = make_nyu_labelled(tmp_path / "nyu", num=13)
    assert make(root, "train")[6]["spikes"].depth_m.max() == 0
    assert make(root, "train", max_depth_m=20.0)[6]["spikes"].depth_m.max() == 13


def test_folders(folders):
    train = make(folders, "train", source="folders")
    # Stored in millimetres; scenes in alphabetical order.
    depths = [train[k]["spikes"].depth_m.max().item() for k in range(3)]
    assert depths == pytest.approx([1.007, 1.0, 1.045])
    test = make(folders, "test", source="folders")
    assert len(test) == 1


def test_list_of_pictures(folders):
    (folders / "list.txt").write_text(
        "/kitchen_0028b/rgb_00045.jpg /kitchen_0028b/sync_depth_00045.png 518.8579\n\n"
    )
    dataset = make(folders, "train", source="folders", split_file=str(folders / "list.txt"))
    assert len(dataset) == 1
    assert dataset[0]["spikes"].depth_m.max().item() == pytest.approx(1.045)
    (folders / "list.txt").write_text("kitchen_0028b/rgb_00099.jpg x 518.8579\n")
    with pytest.raises(FileNotFoundError, match=r"sync/kitchen_0028b/rgb_00099\.jpg"):
        make(folders, "train", source="folders", split_file=str(folders / "list.txt"))
    (folders / "list.txt").write_text("kitchen_0028b 45\n")
    with pytest.raises(ValueError, match=r"list\.txt, line 1 is 'kitchen_0028b 45'; accepted"):
        make(folders, "train", source="folders", split_file=str(folders / "list.txt"))


def test_pictures_stand_still(folders):
    dataset = make(folders, "train", source="folders", interpolation="flow")
    still = make(folders, "train", source="folders", interpolation="none")
    np.testing.assert_array_equal(dataset[2]["spikes"].image, still[2]["spikes"].image)


def test_check_tells_what_is_there_and_what_is_not(root):
    assert NyuV2.recognises(root)
    assert NyuV2.check_layout(root).num_samples == {"labelled train": 3, "labelled test": 2}
    make_nyu_folders(root)
    (root / "sync/bathroom_0001/sync_depth_00007.png").unlink()
    (root / "splits.mat").unlink()
    report = NyuV2.check_layout(root)
    assert report.num_samples == {"folders test": 1}
    assert len(report.problems) == 3
    assert "splits.mat" in report.problems[0]
    assert "sync_depth_00007.png" in report.problems[1]
    assert NyuV2.preview(root)["spikes"].depth_m.max().item() == pytest.approx(1.045)


def test_damaged_files_are_named(root):
    scipy.io.savemat(root / "splits.mat", {"trainNdxs": [[1], [6]]})
    with pytest.raises(ValueError, match=r"splits\.mat has 2 numbers that do not fit the 5 pict"):
        make(root, "train")
    with pytest.raises(ValueError, match=r"splits\.mat has no testNdxs"):
        make(root, "test")
    scipy.io.savemat(root / "splits.mat", {"trainNdxs": [[1]]})
    with h5py.File(root / "nyu_depth_v2_labeled.mat", "a") as file:
        del file["rawDepths"]
    with pytest.raises(ValueError, match=r"labeled\.mat has no array 'rawDepths' of float32"):
        make(root, "train")
    (root / "nyu_depth_v2_labeled.mat").write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    with pytest.raises(ValueError, match=r"labeled\.mat has no pictures"):
        make(root, "train")


def test_bad_arguments(root):
    with pytest.raises(ValueError, match="split is 'val'; accepted: train, test"):
        make(root, "val")
    with pytest.raises(ValueError, match="split_file is x; accepted: with source folders only"):
        make(root, "train", split_file="x")


def test_another_layout(tmp_path):
    assert not NyuV2.recognises(tmp_path)
    with pytest.raises(ValueError, match="not laid out as NYU Depth v2: there is neither"):
        make(tmp_path, "train")

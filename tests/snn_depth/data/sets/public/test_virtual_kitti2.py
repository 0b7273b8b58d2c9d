import numpy as np
import pytest

from snn_depth.data.sets.public import VirtualKitti2
from snn_depth.data.streams.recording import Recording
from tests.snn_depth.data.sets.public.trees import HEIGHT, WIDTH, make_virtual_kitti2

SMALL = {"size": None, "crop": None, "num_frames": 8, "num_bins": 2}


@pytest.fixture
def root(tmp_path):
    return make_virtual_kitti2(tmp_path / "vkitti", ("Scene01", "Scene18"))


def make(root, **settings):
    return VirtualKitti2(root, cache_dir=str(root / "cache"), **SMALL | settings)


@pytest.mark.parametrize("separate", [False, True])
def test_both_ways_of_unpacking(tmp_path, separate):
    root = make_virtual_kitti2(tmp_path / "vkitti", separate=separate)
    assert VirtualKitti2.recognises(root)
    dataset = make(root, scenes=["Scene01"])
    assert len(dataset) == 3
    for k in range(3):
        # Stored in centimetres; 65535, the sky, is no measurement.
        assert dataset[k]["spikes"].depth_m[0, 1:].unique().tolist() == [k + 1]
        assert dataset[k]["spikes"].depth_m[0, 0].unique().tolist() == [0]
    np.testing.assert_array_equal(
        dataset[0]["spikes"].intrinsics, [[30, 0, 20], [0, 32, 12], [0, 0, 1]]
    )


def test_poses_are_camera_to_world(root):
    make(root, scenes=["Scene18"])
    (file,) = (root / "cache").rglob("*.h5")
    with Recording.open(file) as recording:
        assert [recording.pose(k)[2, 3] for k in range(3)] == [0, 0.5, 1]
        assert recording.timestamp_s(1) == 0.1


def test_interpolation_by_depth(root):
    # A metre away and half a metre nearer in 0.1 s, over the 4 ms of a burst: 0.3 pixels.
    still = make(root, scenes=["Scene01"], interpolation="none", num_frames=64)
    moving = make(root, scenes=["Scene01"], interpolation="depth", num_frames=64)
    assert (still[0]["spikes"].image != moving[0]["spikes"].image).any()


def test_right_camera_has_its_own_calibration(root):
    clone = root / "Scene01/clone/frames"
    for kind in ("rgb", "depth"):
        (clone / kind / "Camera_0").rename(clone / kind / "Camera_1")
    dataset = make(root, scenes=["Scene01"], cameras=["Camera_1"])
    assert dataset[0]["spikes"].intrinsics[0, 0] == 31


def test_check_tells_what_is_there_and_what_is_not(root):
    (root / "Scene18/clone/frames/depth/Camera_0/depth_00002.png").unlink()
    report = VirtualKitti2.check_layout(root)
    assert report.num_samples == {"Scene01/clone/Camera_0": 3}
    assert len(report.problems) == 4
    assert any("Scene18" in problem and "depth_00002.png" in problem for problem in report.problems)
    assert any("Scene20" in problem and "not found" in problem for problem in report.problems)
    assert VirtualKitti2.preview(root)["rgb"].image.shape == (3, HEIGHT, WIDTH)


def test_missing_parts_are_named(root):
    with pytest.raises(FileNotFoundError, match="Scene02/clone/frames/rgb/Camera_0"):
        make(root)
    (root / "Scene01/clone/extrinsic.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"extrinsic\.txt"):
        make(root, scenes=["Scene01"])


def test_damaged_tables_are_named(root):
    file = root / "Scene01/clone/intrinsic.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-2]))
    with pytest.raises(ValueError, match=r"intrinsic\.txt has no line for frame 2 of Camera_0"):
        make(root, scenes=["Scene01"])
    file.write_text(lines[0] + "\n0 0 30 32 20\n")
    with pytest.raises(ValueError, match=r"intrinsic\.txt has 5 columns; accepted: frame, "):
        make(root, scenes=["Scene01"])
    file.write_text(lines[0] + "\n0 0 30 32 20 twelve\n")
    with pytest.raises(ValueError, match=r"intrinsic\.txt is not a table of numbers"):
        make(root, scenes=["Scene01"])


def test_another_layout(tmp_path):
    assert not VirtualKitti2.recognises(tmp_path)
    with pytest.raises(ValueError, match="not laid out as Virtual KITTI 2: there is no scene"):
        make(tmp_path)
    assert VirtualKitti2.check_layout(tmp_path).num_samples == {}
    assert "extrinsic.txt" in VirtualKitti2.check_layout(tmp_path).problems[0]

import logging
from pathlib import Path

import numpy as np
import pytest

from snn_depth.data.sets.public import KittiRaw
from snn_depth.data.simulation.depth_maps import read_depth_m
from tests.snn_depth.data.sets.public.trees import DRIVE, make_kitti_raw

OTHER = "2011_09_30_drive_0020_sync"
SMALL = {"size": None, "crop": None, "num_frames": 8, "num_bins": 2}


@pytest.fixture
def root(tmp_path):
    make_kitti_raw(tmp_path / "kitti")
    return make_kitti_raw(tmp_path / "kitti", OTHER, num_frames=4, depth="val")


def make(root, **settings):
    return KittiRaw(root, cache_dir=str(root / "cache"), **SMALL | settings)


def write_list(root, *lines):
    (root / "list.txt").write_text("\n".join(lines))
    return str(root / "list.txt")


def test_samples_are_the_pictures_with_depth(root):
    dataset = make(root)
    depths = [dataset[k]["spikes"].depth_m.unique().tolist() for k in range(len(dataset))]
    # Stored as metres x 256: pictures 1 to 3 of one drive, 1 and 2 of the other.
    assert depths == [[2], [3], [4], [2], [3]]
    np.testing.assert_array_equal(
        dataset[0]["spikes"].intrinsics, [[30, 0, 20], [0, 32, 12], [0, 0, 1]]
    )
    assert len(make(root, drives=[OTHER])) == 2


@pytest.mark.parametrize("where", ["data_depth_annotated", "without train", "elsewhere"])
def test_places_of_annotated_depth(tmp_path, where):
    root = make_kitti_raw(tmp_path / "kitti")
    settings = {}
    if where == "data_depth_annotated":
        (root / where).mkdir()
        (root / "train").rename(root / where / "train")
    elif where == "without train":
        (root / "train" / DRIVE).rename(root / DRIVE)
    else:
        (root / "train").rename(tmp_path / "train")
        settings = {"depth_root": str(tmp_path)}
    assert len(make(root, **settings)) == 3


def test_list_of_pictures(root, caplog):
    folder, annotated = f"2011_09_26/{DRIVE}", "proj_depth/groundtruth/image_02"
    listed = write_list(
        root,
        f"{folder}/image_02/data/0000000003.png {DRIVE}/{annotated}/0000000003.png 721.5377",
        f"{folder} 0 l",
        f"2011_09_30/{OTHER} 0000000001 l",
    )
    with caplog.at_level(logging.WARNING):
        dataset = make(root, split_file=listed)
    assert [dataset[k]["spikes"].depth_m.max() for k in range(2)] == [4, 2]
    assert "1 of 3 pictures have no annotated depth" in caplog.text


def test_listed_pictures_move_as_in_their_drive(root):
    listed = write_list(root, f"2011_09_26/{DRIVE} 2 l")
    alone, whole = make(root, split_file=listed), make(root, drives=[DRIVE])
    np.testing.assert_array_equal(alone[0]["spikes"].image, whole[1]["spikes"].image)


def test_right_camera_of_a_list(root):
    for folder in (root / "2011_09_26" / DRIVE, root / "train" / DRIVE / "proj_depth/groundtruth"):
        (folder / "image_02").rename(folder / "image_03")
    dataset = make(root, split_file=write_list(root, f"2011_09_26/{DRIVE} 2 r"))
    np.testing.assert_array_equal(
        dataset[0]["spikes"].intrinsics, [[31, 0, 21], [0, 33, 13], [0, 0, 1]]
    )


def test_missing_parts_are_named(root):
    with pytest.raises(FileNotFoundError, match=r"annotated depth not found: .*/2011_10"):
        make(root, drives=["2011_10_03_drive_0047_sync"])
    (root / "2011_09_26" / DRIVE / "image_02/data/0000000002.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"picture not found: .*0000000002\.png"):
        make(root)
    (root / "2011_09_30/calib_cam_to_cam.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"2011_09_30/calib_cam_to_cam\.txt"):
        make(root, drives=[OTHER])


def test_list_without_any_depth(root):
    with pytest.raises(ValueError, match=r"list\.txt: none of its pictures has annotated depth"):
        make(root, split_file=write_list(root, f"2011_09_26/{DRIVE} 0 l"))


def test_drives_or_list(root):
    with pytest.raises(ValueError, match="drives and split_file are both given"):
        make(root, drives=[DRIVE], split_file="list.txt")


def test_check_tells_what_is_there_and_what_is_not(root):
    assert KittiRaw.recognises(root)
    assert KittiRaw.check_layout(root).num_samples == {DRIVE: 3, OTHER: 2}
    for file in (root / "val" / OTHER / "proj_depth/groundtruth/image_02").iterdir():
        file.unlink()
    report = KittiRaw.check_layout(root)
    assert report.num_samples == {DRIVE: 3}
    assert len(report.problems) == 1
    assert OTHER in report.problems[0]


def test_another_layout(tmp_path):
    assert not KittiRaw.recognises(tmp_path)
    with pytest.raises(ValueError, match="not laid out as KITTI raw: there is no drive"):
        make(tmp_path)
    assert "calib_cam_to_cam.txt" in KittiRaw.check_layout(tmp_path).problems[0]


@pytest.fixture
def real_root(test_data_dir, tmp_path) -> Path:
    """Six real pictures, and lidar depth of the middle four, where KITTI has them."""
    drive = tmp_path / "kitti/2011_09_26/2011_09_26_drive_0059_sync"
    depth = tmp_path / "kitti/train" / drive.name / "proj_depth/groundtruth/image_02"
    (drive / "image_02").mkdir(parents=True)
    (drive / "image_02/data").mkdir()
    depth.mkdir(parents=True)
    for k in range(6):
        source = test_data_dir / "kitti_sequence"
        (drive / f"image_02/data/{k:010d}.png").symlink_to(source / f"image_02/{k:010d}.png")
        if 0 < k < 5:
            (depth / f"{k:010d}.png").symlink_to(source / f"depth_lidar/{k:010d}.png")
    (tmp_path / "kitti/2011_09_26/calib_cam_to_cam.txt").write_text(
        "P_rect_02: 721.5377 0 609.5593 44.85728 0 721.5377 172.854 0.2163791 0 0 1 0.002745884\n"
    )
    return tmp_path / "kitti"


def test_real_pictures(real_root):
    dataset = KittiRaw(real_root, size=(64, 224), cache_dir=str(real_root / "cache"))
    assert len(dataset) == 4
    sample = dataset[0]
    path = next(real_root.rglob("groundtruth/image_02/0000000001.png"))
    cropped = read_depth_m(path, 1 / 256)[23:, 13:1229]
    measured = sample["spikes"].depth_m[sample["spikes"].depth_m > 0]
    assert set(measured.tolist()) <= set(cropped.ravel().tolist())
    assert len(measured) > 2000
    # 721.5377 x 224 / 1216 and x 64 / 352; (609.5593 - 13 + 0.5) x 224 / 1216 - 0.5.
    np.testing.assert_allclose(
        sample["spikes"].intrinsics,
        [[132.9148, 0, 109.4846], [0, 131.1887, 26.8371], [0, 0, 1]],
        atol=1e-3,
    )

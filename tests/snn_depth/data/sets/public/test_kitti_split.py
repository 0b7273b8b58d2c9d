import pytest

from snn_depth.data.sets.public.kitti_split import ListedPicture, read_split

DRIVE = "2011_09_26_drive_0002_sync"


def test_formats_of_bts_eigen_and_monodepth2(tmp_path):
    image = f"2011_09_26/{DRIVE}/image_02/data/0000000069.png"
    lines = [
        f"{image} {DRIVE}/proj_depth/groundtruth/image_02/0000000069.png 721.5377",
        f"{image} None 721.5377",
        f"{image.replace('png', 'jpg')} {image.replace('image_02', 'image_03')}",
        "",
        f"2011_09_26/{DRIVE} 0000000069 l",
        f"2011_09_26/{DRIVE} 473 r",
        f"{DRIVE} 5",
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    left = ListedPicture(DRIVE, "image_02", 69)
    assert read_split(tmp_path / "list.txt") == [
        *[left] * 4,
        ListedPicture(DRIVE, "image_03", 473),
        ListedPicture(DRIVE, "image_02", 5),
    ]


def test_other_lines_are_named(tmp_path):
    (tmp_path / "list.txt").write_text(f"2011_09_26/{DRIVE} 3 l\nScene01/rgb_00001.jpg\n")
    with pytest.raises(ValueError, match=r"list\.txt, line 2 is 'Scene01/rgb_00001\.jpg'; accep"):
        read_split(tmp_path / "list.txt")


def test_empty_list(tmp_path):
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(ValueError, match="names no picture"):
        read_split(tmp_path / "list.txt")

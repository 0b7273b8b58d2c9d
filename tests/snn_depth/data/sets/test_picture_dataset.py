from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from snn_depth.data.sets.picture_dataset import PictureDataset
from snn_depth.data.simulation.pictures import linear_intensity, read_rgb

HEIGHT, WIDTH = 12, 20


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    """Four pictures, each brighter than the one before, with depth in 1/256 m."""
    folder = tmp_path / "drive"
    (folder / "image").mkdir(parents=True)
    (folder / "lidar").mkdir()
    for index in range(4):
        rgb = np.full((HEIGHT, WIDTH, 3), 60 * (index + 1), np.uint8)
        depth = np.zeros((HEIGHT, WIDTH), np.uint16)
        depth[6:] = 256 * (index + 2)
        Image.fromarray(rgb).save(folder / "image" / f"{index}.png")
        Image.fromarray(depth).save(folder / "lidar" / f"{index}.png")
    return folder


def dataset(sequence: Path, **changes: Any) -> PictureDataset:
    settings: dict[str, Any] = {
        "pictures": "image",
        "depth": "lidar",
        "depth_scale": "1/256",
        "frame_rate_hz": 10.0,
        "interpolation": "none",
        "num_frames": 64,
        "num_bins": 4,
        "cache_dir": str(sequence.parent / "cache"),
    }
    return PictureDataset(str(sequence), **settings | changes)


def recordings(sequence: Path) -> list[Path]:
    return sorted((sequence.parent / "cache").iterdir())


def test_spikes_are_as_frequent_as_the_pictures_are_bright(sequence: Path) -> None:
    data = dataset(sequence)
    assert len(data) == 4
    for index in range(4):
        sample = data[index]
        assert sample["spikes"].image.shape == (4, 1, HEIGHT, WIDTH)
        assert torch.equal(sample["spikes"].depth_m[0, 6:], torch.full((6, WIDTH), index + 2.0))
        assert not sample["spikes"].depth_m[0, :6].any()
        assert (sample["rgb"].image == 60 * (index + 1)).all()
        light = linear_intensity(read_rgb(sequence / "image" / f"{index}.png"), 2.2)
        assert np.allclose(sample["spikes"].image.float().mean() / 16, light.mean(), atol=0.01)


def test_splits_share_one_recording(sequence: Path) -> None:
    early, late = dataset(sequence, frames=(0, 1)), dataset(sequence, frames=(3, 3))
    assert (len(early), len(late)) == (2, 1)
    (recording,) = recordings(sequence)
    assert recording.name.startswith("pictures-drive-")
    everything = dataset(sequence)
    assert torch.equal(late[0]["spikes"].image, everything[3]["spikes"].image)
    assert torch.equal(early[1]["spikes"].image, everything[1]["spikes"].image)
    for wrong in ((2, 4), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match=r"accepted: 0 <= first <= last <= 3"):
            dataset(sequence, frames=wrong)


def test_finished_simulation_is_found_and_others_are_kept_apart(sequence: Path) -> None:
    dataset(sequence)
    (first,) = recordings(sequence)
    made_ns = first.stat().st_mtime_ns
    dataset(sequence)
    assert first.stat().st_mtime_ns == made_ns
    changes: list[dict[str, Any]] = [
        {"noise": "model"},
        {"gain": 0.5},
        {"seed": 1},
        {"size": (6, 10)},
    ]
    for count, change in enumerate(changes, start=2):
        dataset(sequence, **change)
        assert len(recordings(sequence)) == count
    (sequence / "image" / "2.png").write_bytes((sequence / "image" / "3.png").read_bytes() + b"\0")
    dataset(sequence)
    assert len(recordings(sequence)) == 6


def test_the_place_does_not_matter(sequence: Path, tmp_path: Path) -> None:
    """Noise is seeded by the recording's name, which must not depend on where the data lie."""
    here = dataset(sequence, noise="model")
    (tmp_path / "elsewhere").mkdir()
    there = dataset(sequence.rename(tmp_path / "elsewhere" / "drive"), noise="model")
    assert torch.equal(here[0]["spikes"].image, there[0]["spikes"].image)
    assert [path.name for path in recordings(sequence)] == [
        path.name for path in sorted((tmp_path / "elsewhere" / "cache").iterdir())
    ]


def test_size_and_focal_length_of_the_sensor(sequence: Path) -> None:
    (sequence / "K.txt").write_text("30 0 10\n0 30 6\n0 0 1\n")
    for intrinsics in ("30,30,10,6", "K.txt"):
        spec = dataset(sequence, size=(6, 10), intrinsics=intrinsics).spec
        assert (spec.height, spec.width, spec.focal_length_px) == (6, 10, 15.0)
        assert (spec.num_frames, spec.num_bins) == (64, 4)


def test_what_is_missing_is_named(sequence: Path) -> None:
    with pytest.raises(OSError, match="folder not found: nowhere; get the data"):
        dataset(Path("nowhere"))
    with pytest.raises(OSError, match=r"folder not found: .*drive/depths"):
        dataset(sequence, depth="depths")
    with pytest.raises(ValueError, match="noise must be none, model or an existing"):
        dataset(sequence, noise="lots")
    (sequence / "lidar" / "2.png").unlink()
    with pytest.raises(ValueError, match="3 depth maps for 4 pictures"):
        dataset(sequence)
    with pytest.raises(ValueError, match="depth_scale must be a positive number"):
        dataset(sequence, depth_scale="one")
    assert not (sequence.parent / "cache").exists()


def test_a_failed_simulation_leaves_nothing(sequence: Path) -> None:
    (sequence / "image" / "2.png").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"cannot read image .*2.png"):
        dataset(sequence)
    assert not recordings(sequence)


def test_real_drive(test_data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kitti"
    for part in ("image_02", "depth_lidar"):
        (folder / part).mkdir(parents=True)
        for file in sorted((test_data_dir / "kitti_sequence" / part).glob("*.png"))[:2]:
            (folder / part / file.name).symlink_to(file)
    data = PictureDataset(
        str(folder),
        pictures="image_02",
        size=(64, 212),
        frame_rate_hz=10.0,
        depth="depth_lidar",
        depth_scale="1/256",
        intrinsics="721.5377,721.5377,609.5593,172.854",
        cache_dir=str(tmp_path / "cache"),
    )
    assert data.spec.focal_length_px == pytest.approx(721.5377 * 212 / 1242)
    sample = data[1]
    light = (sample["rgb"].image.float() / 255) ** 2.2
    pair = torch.stack(
        [sample["spikes"].image.float().sum((0, 1)).flatten(), light.mean(0).flatten()]
    )
    assert torch.corrcoef(pair)[0, 1] > 0.98
    assert 0.4 < (sample["spikes"].depth_m > 0).float().mean() < 0.6

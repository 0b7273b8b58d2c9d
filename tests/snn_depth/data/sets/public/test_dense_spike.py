from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from snn_depth.data.sets.public import DenseSpike
from tests.snn_depth.data.sets.public.trees import (
    DENSE_SHAPE,
    add_dense_sequence,
    dense_depth_m,
    dense_spikes,
    dense_stamps,
)

HEIGHT, WIDTH, NUM_FRAMES = DENSE_SHAPE
WINDOW = {"size": None, "num_frames": 8, "num_bins": 2}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place in ("train/train_sequence_00_town01", "train/b", "validation/a", "test/a"):
        add_dense_sequence(tmp_path / "DENSE", place)
    return tmp_path / "DENSE"


def test_spikes_and_depth_of_the_same_time_belong_together(root: Path) -> None:
    dataset = DenseSpike(root, "test", **WINDOW)
    assert len(dataset) == 3
    for k in range(3):
        picture = k + 2
        sample = dataset[k]
        frames = dense_spikes(picture)
        np.testing.assert_array_equal(sample["spikes"].image[0, 0], frames[:4].sum(0))
        np.testing.assert_array_equal(sample["spikes"].image[1, 0], frames[4:].sum(0))
        expected = dense_depth_m(picture).astype(np.float32)
        expected[0, :2] = 0
        np.testing.assert_array_equal(sample["spikes"].depth_m[0], expected)
        assert "rgb" not in sample
    assert dataset.spec.sample_rate_hz == 3840
    assert (dataset.spec.height, dataset.spec.width) == (HEIGHT, WIDTH)


def test_pictures_and_another_size(root: Path) -> None:
    dataset = DenseSpike(root, "train", with_rgb=True, **(WINDOW | {"size": (2, 5)}))
    assert len(dataset) == 6
    sample = dataset[1]
    assert sample["spikes"].image.shape == (2, 1, 2, 5)
    assert sample["rgb"].image.shape == (3, 2, 5) and (sample["rgb"].image == 30).all()
    # 2 x 2 pixels each, rows 1 to 5: neither the sky nor the hole are inside.
    np.testing.assert_array_equal(sample["spikes"].depth_m, np.full((1, 2, 5), 13, np.float32))


def test_a_sound_folder(root: Path) -> None:
    assert DenseSpike.recognises(root)
    assert not DenseSpike.recognises(root / "train") and not DenseSpike.recognises(root / "no")
    report = DenseSpike.check_layout(root)
    assert report.num_samples == {"train": 6, "validation": 3, "test": 3}
    assert report.problems == []
    preview = DenseSpike.preview(root)
    assert set(preview.views) == {"spikes", "rgb"} and preview["spikes"].has("depth_m")
    assert preview["spikes"].image.shape == (1, 1, HEIGHT, WIDTH)


def test_missing_files_are_named(root: Path) -> None:
    lost = [
        root / "test/a/depth/data/depth_0000000003.npy",
        root / "test/a/spike/r128/spike_0000000003.npy",
    ]
    for file in lost:
        file.unlink()
    with pytest.raises(FileNotFoundError, match=f"{lost[0]} is missing, one of 2 files"):
        DenseSpike(root, "test", **WINDOW)
    report = DenseSpike.check_layout(root)
    assert report.problems == [f"{file} is missing" for file in lost]
    assert report.num_samples["test"] == 1


def test_a_wrong_layout_is_shown_the_right_one(root: Path) -> None:
    with pytest.raises(ValueError, match=r"no folder train/\*/spike/r128; expected:\n.*"):
        DenseSpike(root / "train", "train")
    (root / "test").rename(root / "tests")
    assert DenseSpike.check_layout(root).problems == [f"{root / 'test'}: no folder */spike/r128"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: (s / "depth/data/timestamps.txt").unlink(), "timestamps.txt is missing"),
        (lambda s: (s / "depth/data/timestamps.txt").write_text("a b\n"), "not a table of numbers"),
        (lambda s: (s / "spike/r128/timestamps.txt").write_text("1\n2\n"), "rows of number and"),
        (
            lambda s: (s / "depth/data/timestamps.txt").write_text(dense_stamps(0, 4)),
            "no depth map at",
        ),
    ],
)
def test_times_that_do_not_fit(root: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(root / "test/a")
    (problem,) = DenseSpike.check_layout(root).problems
    assert message in problem and str(root / "test/a") in problem
    with pytest.raises(ValueError, match=message):
        DenseSpike(root, "test", **WINDOW)


def test_files_of_another_size_or_kind(root: Path) -> None:
    dataset = DenseSpike(root, "test", **WINDOW)
    np.save(root / "test/a/depth/data/depth_0000000002.npy", np.ones((HEIGHT, WIDTH + 1)))
    with pytest.raises(ValueError, match=r"depth_0000000002.npy has 6 x 11 pixels; its spikes"):
        dataset[0]
    np.save(root / "test/a/spike/r128/spike_0000000002.npy", 2 * np.ones((8, HEIGHT, WIDTH)))
    with pytest.raises(ValueError, match="value 2"):
        dataset[1]

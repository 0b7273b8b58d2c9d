import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from snn_depth.data.sample import collate
from snn_depth.data.sets.public import PkuSpikeStereo
from tests.snn_depth.data.sets.public.trees import PKU_DEPTH_M, PKU_FRAMES, add_pku_sample


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Spike-Stero"
    add_pku_sample(folder, "indoor/left/0000/0002")
    add_pku_sample(folder, "indoor/left/0000/0003", with_depth=False)
    add_pku_sample(folder, "indoor/left/0034/0000")
    add_pku_sample(folder, "indoor/right/0000/0002", with_depth=False)
    add_pku_sample(folder, "outdoor/left/0033/0011")
    return folder


def test_a_sample_at_full_size_is_what_the_files_hold(root: Path) -> None:
    dataset = PkuSpikeStereo(root, "test", size=None, num_frames=8, num_bins=2)
    assert len(dataset) == 1
    sample = dataset[0]
    # The frames in the middle of the file.
    np.testing.assert_array_equal(sample["spikes"].image[0, 0], PKU_FRAMES[1:5].sum(0))
    np.testing.assert_array_equal(sample["spikes"].image[1, 0], PKU_FRAMES[5:9].sum(0))
    np.testing.assert_array_equal(sample["spikes"].depth_m[0], PKU_DEPTH_M.astype(np.float32))
    assert dataset.spec.sample_rate_hz == 20_000 and dataset.spec.focal_length_px == 0
    assert (dataset.spec.height, dataset.spec.width) == (250, 400)


def test_a_smaller_sample_keeps_square_pixels_and_whole_counts(root: Path) -> None:
    dataset = PkuSpikeStereo(root, size=(50, 100), num_frames=8, num_bins=2)
    sample = dataset[0]
    assert (
        sample["spikes"].image.shape == (2, 1, 50, 100)
        and sample["spikes"].image.dtype == torch.uint8
    )
    assert sample["spikes"].image.max() <= 4
    # Pixels of 4 x 4 from rows 25 to 225: the number of spikes is right to less than one.
    light = PKU_FRAMES[1:9, 25:225].sum(0).reshape(50, 4, 100, 4).mean((1, 3))
    assert np.abs(sample["spikes"].image.sum(0)[0].numpy() - light).max() < 1
    np.testing.assert_allclose(sample["spikes"].depth_m[0], PKU_DEPTH_M[27:225:4, 2::4], rtol=1e-6)
    batch = collate([dataset[0], dataset[1]])
    assert batch["spikes"].image.shape == (2, 2, 1, 50, 100) and batch["spikes"].valid_mask.all()
    assert dataset[0] is sample
    charges = [PkuSpikeStereo(root, size=(50, 100), num_frames=8, num_bins=2)[0] for _ in "ab"]
    assert torch.equal(charges[0]["spikes"].image, charges[1]["spikes"].image)


@pytest.mark.parametrize(
    ("choice", "num_samples"),
    [
        ({}, 3),
        ({"split": "train"}, 2),
        ({"split": "train", "environment": "indoor"}, 1),
        ({"split": "test", "environment": "indoor"}, 1),
        ({"environment": "indoor", "with_depth": False}, 3),
        ({"camera": "right", "with_depth": False}, 1),
    ],
)
def test_choice_of_samples(root: Path, choice: dict, num_samples: int) -> None:
    dataset = PkuSpikeStereo(root, num_frames=8, num_bins=2, **choice)
    assert len(dataset) == num_samples
    assert dataset[0]["spikes"].has("depth_m") == choice.get("with_depth", True)


def test_a_sound_folder(root: Path) -> None:
    assert PkuSpikeStereo.recognises(root) and not PkuSpikeStereo.recognises(root / "indoor")
    report = PkuSpikeStereo.check_layout(root)
    assert report.problems == []
    assert report.num_samples == {
        "indoor left, train, with depth": 1,
        "indoor left, train, without depth": 1,
        "indoor left, test, with depth": 1,
        "indoor right, train, without depth": 1,
        "outdoor left, train, with depth": 1,
    }
    preview = PkuSpikeStereo.preview(root)
    assert preview["spikes"].image.shape == (1, 1, 250, 400)
    np.testing.assert_array_equal(preview["spikes"].image[0, 0], PKU_FRAMES.sum(0))
    np.testing.assert_array_equal(preview["spikes"].depth_m[0], PKU_DEPTH_M.astype(np.float32))


def test_a_missing_file_is_named(root: Path) -> None:
    spikes = root / "indoor/left/0034/0000/0000.dat"
    spikes.unlink()
    with pytest.raises(FileNotFoundError, match=f"{spikes} is missing, one of 1 files"):
        PkuSpikeStereo(root, num_frames=8, num_bins=2)
    PkuSpikeStereo(root, "train", num_frames=8, num_bins=2)
    report = PkuSpikeStereo.check_layout(root)
    assert report.problems == [f"{spikes} is missing"]
    assert "indoor left, test, with depth" not in report.num_samples


def test_a_wrong_layout_is_shown_the_right_one(root: Path) -> None:
    wrong = root / "indoor"
    with pytest.raises(ValueError, match=r"no folder indoor/left or outdoor/left; expected:\n"):
        PkuSpikeStereo(wrong)
    with pytest.raises(ValueError, match=r"0002_gt\.npy"):
        PkuSpikeStereo(root / "nowhere", environment="indoor")
    assert PkuSpikeStereo.check_layout(wrong).problems == [
        f"{wrong}: no folder indoor/left or outdoor/left"
    ]
    shutil.rmtree(root / "outdoor/left/0033")
    assert PkuSpikeStereo.check_layout(root).problems == [f"{root / 'outdoor/left'}: no scene"]


def truncate_spikes(folder: Path) -> None:
    path = folder / "0002.dat"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate_spikes, "0002.dat"),
        (lambda f: np.save(f / "0002_gt.npy", PKU_DEPTH_M[:5]), "0002_gt.npy"),
        (lambda f: np.save(f / "0002_gt.npy", np.ones((250, 400), np.uint16)), "floating-point"),
        (lambda f: np.save(f / "0002_gt.npy", PKU_DEPTH_M[None]), "floating-point metres"),
        (lambda f: (f / "0002_gt.npy").write_text("hello"), "cannot read depth"),
        (lambda f: np.savez((f / "0002_gt.npy").open("wb"), PKU_DEPTH_M), "is an archive"),
    ],
)
def test_damaged_files(root: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(root / "indoor/left/0000/0002")
    (problem,) = PkuSpikeStereo.check_layout(root).problems
    assert message in problem
    with pytest.raises(ValueError, match=message):
        PkuSpikeStereo(root, num_frames=8, num_bins=2)[0]


def test_wrong_settings(root: Path) -> None:
    with pytest.raises(ValueError, match="split is 'val'; accepted: train, test, all"):
        PkuSpikeStereo(root, "val")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"size is 64 x 401; accepted: at most 250 x 400"):
        PkuSpikeStereo(root, size=(64, 401))
    with pytest.raises(ValueError, match="512 frames in 2 bins are more than 255 per bin"):
        PkuSpikeStereo(root, num_frames=512, num_bins=2)
    with pytest.raises(ValueError, match=r"0002\.dat has 10 frames; needed: 16"):
        PkuSpikeStereo(root, num_frames=16, num_bins=2)[0]
    with pytest.raises(ValueError, match=r"no sample of PKU-Spike-Stereo in .* is what was asked"):
        PkuSpikeStereo(root, camera="right")


def test_depth_that_was_not_measured_is_zero(root: Path) -> None:
    stored = np.full((250, 400), 2.0, np.float32)
    stored[0, :4] = np.nan, np.inf, -1, 0
    np.save(root / "indoor/left/0034/0000/0000_gt.npy", stored)
    depth_m = PkuSpikeStereo(root, "test", size=None, num_frames=8, num_bins=2)[0][
        "spikes"
    ].depth_m[0]
    assert (depth_m[-1, -4:] == 0).all() and depth_m.sum() == 2 * (250 * 400 - 4)


def test_real_depth_and_real_spikes_stand_upright(test_data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "indoor/left/0000/0000"
    folder.mkdir(parents=True)
    real = test_data_dir / "spike_real"
    shutil.copy(test_data_dir / "spike_depth_gt/0000_gt.npy", folder / "0000_gt.npy")
    shutil.copy(real / "real_spike_first300_vidar.dat", folder / "0000.dat")
    sample = PkuSpikeStereo(tmp_path, size=None)[0]
    # A table in front of a person: nearest at the bottom, where it was stored farthest.
    rows_m = sample["spikes"].depth_m[0].median(dim=1).values
    assert rows_m[-20:].mean() < 1.1 < 1.4 < rows_m[:20].mean()
    assert 0.9 < sample["spikes"].depth_m.min() and sample["spikes"].depth_m.max() < 1.7
    upright_HWT = np.load(real / "real_spike.npz")["arr_0"]
    expected = upright_HWT[..., 86 : 86 + 16].sum(-1)  # the first bin of the middle 128 of 300
    np.testing.assert_array_equal(sample["spikes"].image[0, 0], expected)

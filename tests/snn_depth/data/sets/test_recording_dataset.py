from pathlib import Path

import numpy as np
import pytest
import torch

from snn_depth.data.sample import Sample, View, collate
from snn_depth.data.sets.recording_dataset import RecordingDataset, find_recordings
from snn_depth.data.streams.recording import RecordingWriter


def write_recording(
    path: Path,
    *,
    height: int = 6,
    width: int = 10,
    num_key_frames: int = 2,
    focal_length_px: float = 7.0,
) -> None:
    rng = np.random.default_rng(0)
    intrinsics = np.array([[focal_length_px, 0, 5], [0, focal_length_px, 3], [0, 0, 1]])
    with RecordingWriter(path, height, width, 1000.0, intrinsics=intrinsics) as writer:
        writer.append_spikes(rng.integers(0, 2, (8 * num_key_frames, height, width), np.uint8))
        for k in range(num_key_frames):
            depth_m = rng.uniform(1, 9, (height, width)).astype(np.float32)
            depth_m[0] = 0
            writer.append_key_frame(
                rgb=rng.integers(0, 256, (height, width, 3), np.uint8),
                depth_m=depth_m,
                timestamp_s=float(k),
                spike_index=8 * k + 4,
            )


def test_sample_is_the_binned_window_of_a_key_frame(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5")
    dataset = RecordingDataset(tmp_path / "a.h5", num_frames=8, num_bins=2)
    assert len(dataset) == 2
    frames = np.random.default_rng(0).integers(0, 2, (16, 6, 10), np.uint8)
    sample = dataset[1]
    assert sample["spikes"].image.dtype == torch.uint8
    assert np.array_equal(sample["spikes"].image[0, 0], frames[8:12].sum(0))
    assert np.array_equal(sample["spikes"].image[1, 0], frames[12:].sum(0))
    assert sample["rgb"].image.shape == (3, 6, 10) and sample["spikes"].depth_m.shape == (1, 6, 10)
    assert dataset.spec.focal_length_px == 7 and dataset.spec.sample_rate_hz == 1000
    assert (dataset.spec.height, dataset.spec.width) == (6, 10)


def test_key_frames_without_a_whole_window_are_left_out(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5", num_key_frames=3)
    assert len(RecordingDataset(tmp_path / "a.h5", num_frames=16, num_bins=2)) == 1
    with pytest.raises(ValueError, match="no key frame with 32 spike frames around it"):
        RecordingDataset(tmp_path / "a.h5", num_frames=32, num_bins=2)


def test_batch_has_time_first_and_a_mask(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5")
    dataset = RecordingDataset(tmp_path, num_frames=8, num_bins=4)
    batch = collate([dataset[0], dataset[1]])
    assert (
        batch["spikes"].image.shape == (4, 2, 1, 6, 10)
        and batch["spikes"].image.dtype == torch.float32
    )
    assert torch.equal(batch["spikes"].image[:, 1], dataset[1]["spikes"].image.float())
    assert batch["rgb"].image.max() <= 1 and batch["rgb"].image.shape == (2, 3, 6, 10)
    assert (
        not batch["spikes"].valid_mask[:, :, 0].any() and batch["spikes"].valid_mask[:, :, 1:].all()
    )
    assert batch["spikes"].intrinsics.shape == (2, 3, 3)


def test_one_data_set_has_one_size(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5")
    write_recording(tmp_path / "b.h5", width=12)
    with pytest.raises(
        ValueError,
        match=r"differ in size or rate: 6x10 at 1000 Hz \(a.h5\), 6x12 at 1000 Hz \(b.h5\)",
    ):
        RecordingDataset(tmp_path, num_frames=8, num_bins=2)


def test_find_recordings(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("sub/b.h5", "a.h5"):
        (tmp_path / name).touch()
    assert find_recordings([tmp_path]) == [tmp_path / "a.h5", tmp_path / "sub" / "b.h5"]
    with pytest.raises(ValueError, match=r"does not exist; expected a recording"):
        find_recordings([tmp_path / "c.h5"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no recording \(\*.h5\) in folder"):
        find_recordings([tmp_path / "empty"])


def test_different_focal_lengths_are_not_passed_off_as_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_recording(tmp_path / "a.h5")
    write_recording(tmp_path / "b.h5", focal_length_px=9.0)
    dataset = RecordingDataset(tmp_path, num_frames=8, num_bins=2)
    assert dataset.spec.focal_length_px == 0
    assert "focal lengths differ: [7.0, 9.0] px" in caplog.text


def test_counts_fit_into_a_byte(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="512 frames in 2 bins are more than 255 per bin"):
        RecordingDataset(tmp_path, num_frames=512, num_bins=2)


def test_without_memory_every_access_reads(tmp_path: Path) -> None:
    write_recording(tmp_path / "a.h5")
    kept = RecordingDataset(tmp_path, num_frames=8, num_bins=2)
    read = RecordingDataset(tmp_path, num_frames=8, num_bins=2, keep_in_memory=False)
    assert kept[0] is kept[0]
    assert read[0] is not read[0]
    assert torch.equal(read[0]["spikes"].image, kept[0]["spikes"].image)


def test_batches_do_not_mix_parts() -> None:
    view = View(torch.zeros(2, 1, 4, 4))
    with pytest.raises(
        ValueError, match=r"different parts: \['rgb.image', .* and \['spikes.image'"
    ):
        collate([Sample({"spikes": view}), Sample({"spikes": view, "rgb": view})])

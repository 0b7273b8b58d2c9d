import logging
import tracemalloc
from argparse import ArgumentError
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from jsonargparse import ArgumentParser

from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import collate, part_names
from snn_depth.data.sets.window_dataset import WindowDataset, tile_starts
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.data.streams.recording_writer import RecordingWriter
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import save_spikes
from snn_depth.predict import predict
from snn_depth.training.checkpoint import load_network

TRAINED = DataSpec(height=32, width=48, num_frames=16, num_bins=4, focal_length_px=40.0)


def random_spikes(num_frames: int, height: int, width: int) -> np.ndarray:
    return (np.random.default_rng(0).random((num_frames, height, width)) < 0.3).astype(np.uint8)


def test_samples_are_what_prediction_shows_the_network(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    """Running the network on the samples gives the very depth that `predict` writes."""
    save_spikes(random_spikes(50, 60, 90), tmp_path / "clip.npy")
    dataset = WindowDataset(tmp_path, str(tiny_checkpoint), stride_frames=10, focal_length_px=90.0)
    loaded = load_network(tiny_checkpoint)
    camera = loaded.data.canonical_camera(60, 90, (90.0, 90.0))
    batch = collate([dataset[i] for i in range(len(dataset))])
    assert batch["spikes"].image.shape == (4, 4, 1, 27, 40)
    assert part_names(batch) == ["spikes.image", "spikes.rig_from_camera"]
    predict(
        tmp_path / "clip.npy",
        checkpoint=tiny_checkpoint,
        output=tmp_path / "out",
        stride_frames=10,
        focal_length_px=90.0,
        device="cpu",
    )
    written_m = np.load(tmp_path / "out" / "depth_m.npy")
    with torch.inference_mode():
        for index, depth_m in enumerate(written_m):
            shown = batch["spikes"].image[:, index : index + 1]
            ours_m = camera.to_recording(loaded.network(shown).depth_m)[0, 0]
            assert torch.equal(ours_m, torch.from_numpy(depth_m))


def test_averaged_counts_are_not_rounded(tmp_path: Path) -> None:
    frames = random_spikes(16, 64, 96)
    save_spikes(frames, tmp_path / "clip.dat")
    sample = WindowDataset(tmp_path / "clip.dat", TRAINED, height=64, width=96)[0]
    counts = bin_spikes(frames, 4).reshape(4, 32, 2, 48, 2).mean(axis=(2, 4))
    assert sample["spikes"].image.dtype == torch.float32
    assert np.allclose(sample["spikes"].image[:, 0], counts, atol=1e-5)
    assert not np.array_equal(counts, counts.round()), "the case must have fractions"


def test_every_format_in_one_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames = random_spikes(40, 32, 48)
    folder = tmp_path / "camera"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.yaml").write_text("spike_h: 32\nspike_w: 48\n")
    for name in ("a.dat", "sub/b.NPY", "c.h5"):
        save_spikes(frames, folder / name)
    save_spikes(frames, folder / "d.npz", SpikeFileOptions(axis_order="THW"))
    (folder / ".e.partial.npy").write_bytes(b"left by a killed writer")
    (folder / "notes.txt").write_text("no recording")
    dataset = WindowDataset(folder, TRAINED)
    assert len(dataset) == 4 * 2
    expected = torch.from_numpy(bin_spikes(frames[16:32], 4))[:, None]
    assert all(torch.equal(dataset[i]["spikes"].image, expected) for i in (1, 3, 5, 7))
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_time_last_and_an_option_that_not_all_formats_have(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = random_spikes(16, 32, 48)
    save_spikes(frames, tmp_path / "a.npz", SpikeFileOptions(axis_order="HWT"))
    save_spikes(frames, tmp_path / "b.dat")
    dataset = WindowDataset(tmp_path, TRAINED, height=32, width=48, axis_order="HWT")
    assert torch.equal(dataset[0]["spikes"].image, dataset[1]["spikes"].image)
    assert [r.message for r in caplog.records] == ["axis_order='HWT' is ignored for .dat files"]


def test_bursts_and_the_focal_length_of_a_recording(tmp_path: Path) -> None:
    matrix = np.array([[80.0, 0, 3], [0, 80, 2], [0, 0, 1]])
    with RecordingWriter(
        tmp_path / "a.h5", 64, 96, 20_000.0, burst_frames=20, intrinsics=matrix
    ) as writer:
        writer.append_spikes(random_spikes(50, 64, 96))
    dataset = WindowDataset(tmp_path, TRAINED, stride_frames=3)
    assert len(dataset) == 4  # 0, 3, 20, 23
    assert (dataset.spec.height, dataset.spec.width) == (32, 48)
    assert dataset.spec.focal_length_px == 40.0
    # What the user says counts more: twice the length makes half the picture.
    said = WindowDataset(tmp_path, TRAINED, focal_length_px=160.0)
    assert (said.spec.height, said.spec.width) == (16, 24)
    with pytest.raises(ValueError, match="focal_length_px or intrinsics, not both"):
        WindowDataset(tmp_path, TRAINED, focal_length_px=160.0, intrinsics="160,160,0,0")


def test_without_a_focal_length_pictures_are_taken_for_the_training_cameras(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_spikes(random_spikes(16, 64, 80), tmp_path / "a.npy")
    with caplog.at_level(logging.INFO):
        spec = WindowDataset(tmp_path, TRAINED).spec
    assert (spec.height, spec.width, spec.focal_length_px) == (32, 40, 40.0)
    assert "focal length unknown, so metres assume the training camera" in caplog.text


def test_larger_pictures_are_tiled(tmp_path: Path) -> None:
    frames = random_spikes(16, 32, 100)
    save_spikes(frames, tmp_path / "wide.npy")
    dataset = WindowDataset(tmp_path, TRAINED)
    assert len(dataset) == 3
    counts = torch.from_numpy(bin_spikes(frames, 4))[:, None]
    for index, left in enumerate((0, 26, 52)):
        assert torch.equal(dataset[index]["spikes"].image, counts[..., left : left + 48])


def test_tiles_by_hand() -> None:
    assert tile_starts(48, 48) == [0]
    assert tile_starts(49, 48) == [0, 1]
    assert tile_starts(100, 48) == [0, 26, 52]


def test_recordings_of_other_sizes_share_the_smallest(tmp_path: Path) -> None:
    save_spikes(random_spikes(16, 32, 48), tmp_path / "a.npy")
    save_spikes(random_spikes(16, 32, 40), tmp_path / "b.npy")
    dataset = WindowDataset(tmp_path, TRAINED)
    assert [tuple(dataset[i]["spikes"].image.shape) for i in range(3)] == [(4, 1, 32, 40)] * 3
    assert len(dataset) == 3  # two tiles of the first


def test_long_recordings_are_sampled_evenly(tmp_path: Path) -> None:
    frames = random_spikes(16 * 9, 32, 48)
    save_spikes(frames, tmp_path / "long.npy")
    everything = WindowDataset(tmp_path, TRAINED)
    some = WindowDataset(tmp_path, TRAINED, max_samples=3)
    assert (len(everything), len(some)) == (9, 3)
    for index, same in enumerate((0, 4, 8)):
        assert torch.equal(some[index]["spikes"].image, everything[same]["spikes"].image)
    with pytest.raises(ValueError, match="max_samples is 0; accepted: 1 or more"):
        WindowDataset(tmp_path, TRAINED, max_samples=0)


def test_only_a_window_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file far larger than the memory that is used; its unread frames do not even exist."""
    path = tmp_path / "long.dat"
    with path.open("wb") as file:
        file.truncate(10 * 2**30 // 12_500 * 12_500)  # 10 GB of 250 x 400, without using the disk
    tracemalloc.start()
    dataset = WindowDataset(path, DataSpec(), max_samples=5, keep_in_memory=False)
    assert dataset[4]["spikes"].image.sum() == 0
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 100 * 2**20


def test_rates(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_spikes(
        random_spikes(16, 32, 48), tmp_path / "a.h5", SpikeFileOptions(sample_rate_hz=40_000.0)
    )
    assert WindowDataset(tmp_path, TRAINED).spec.sample_rate_hz == 40_000.0
    assert "recorded at 40000 Hz, but the network was trained at 20000 Hz" in caplog.text
    save_spikes(random_spikes(16, 32, 48), tmp_path / "b.h5")
    with pytest.raises(ValueError, match=r"differ in rate: 40000 Hz \(a.h5\), 20000 Hz \(b.h5\)"):
        WindowDataset(tmp_path, TRAINED)


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no recording \(\*.dat, \*.npy, \*.npz, \*.h5, \*.hdf5"):
        WindowDataset(tmp_path, TRAINED)
    with pytest.raises(ValueError, match="does not exist"):
        WindowDataset(tmp_path / "nowhere", TRAINED)
    save_spikes(random_spikes(15, 32, 48), tmp_path / "short.npy")
    with pytest.raises(ValueError, match=r"short.npy: the recording has 15 frames"):
        WindowDataset(tmp_path, TRAINED)


def test_real_recordings(test_data_dir: Path) -> None:
    dataset = WindowDataset(test_data_dir / "spike_real", stride_frames=128, axis_order="HWT")
    assert len(dataset) == 3 + 2
    assert (dataset.spec.height, dataset.spec.width) == (64, 102)
    # The .dat holds the first 300 frames of the .npz.
    assert torch.equal(dataset[0]["spikes"].image, dataset[3]["spikes"].image)
    assert 0.1 < dataset[0]["spikes"].image.mean() / 16 < 0.4


def test_depth_is_left_out(make_recording: Callable[..., Path], tmp_path: Path) -> None:
    make_recording(tmp_path / "labelled.h5")
    sample = WindowDataset(tmp_path, TRAINED)[0]
    assert part_names(sample) == ["spikes.image", "spikes.rig_from_camera"]


def test_strong_views_of_averages_are_not_rounded(tmp_path: Path) -> None:
    save_spikes(random_spikes(16, 64, 96), tmp_path / "a.npy")
    spikes = WindowDataset(tmp_path, TRAINED)[0]["spikes"].image
    unchanged = StrongView(0.0, 0, 0.0, 1.0, 0.0, 0)
    view, _ = unchanged(spikes, torch.Generator().manual_seed(0))
    assert torch.equal(view, spikes)


def test_options_of_files_are_the_recipes_own(tmp_path: Path) -> None:
    """Flat keys beside the others, typed, with their defaults and help texts."""
    save_spikes(random_spikes(16, 32, 48), tmp_path / "a.dat", SpikeFileOptions(flip_rows=False))
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(WindowDataset, "target")
    settings = {"paths": str(tmp_path), "height": 32, "width": 48, "flip_rows": False}
    config = parser.parse_object({"target": settings | {"trained_for": asdict(TRAINED)}})
    kept = config.target.as_dict()
    given = {key: kept[key] for key in asdict(SpikeFileOptions())}
    assert given == asdict(SpikeFileOptions(height=32, width=48, flip_rows=False))
    spikes = parser.instantiate(config).target[0]["spikes"]
    as_stored = WindowDataset(tmp_path, TRAINED, height=32, width=48, flip_rows=False)[0]["spikes"]
    assert torch.equal(spikes.image, as_stored.image)
    assert "Array in an .npz file; needed when it has several." in parser.format_help()
    for wrong, message in (({"bit_order": "middle"}, "'little', 'big'"), ({"hight": 3}, "hight")):
        with pytest.raises(ArgumentError, match=message):
            parser.parse_object({"target": settings | wrong})

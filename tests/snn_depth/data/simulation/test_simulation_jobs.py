import threading

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.simulation_jobs import Job, run_jobs
from snn_depth.data.simulation.video import ImageFolder
from snn_depth.data.simulation.video_to_spikes import VideoToSpikes
from snn_depth.data.streams.spike_file_options import SpikeFileOptions
from snn_depth.data.streams.spike_stream import open_spikes

SETTINGS = VideoToSpikes(SpikeCamera(), burst_frames=16, interpolation="none")
SIZE = (16, 24)


def make_job(tmp_path, name, suffix=".h5", settings=SETTINGS):
    folder = tmp_path / name
    if not folder.exists():
        folder.mkdir()
        for index in range(3):
            grey = np.random.default_rng(index).integers(0, 256, SIZE, np.uint8)
            Image.fromarray(grey).save(folder / f"{index}.png")
    sequence = PictureSequence(ImageFolder(folder), 30.0)
    return Job(sequence, tmp_path / "out" / f"{name}{suffix}", settings, seed=0)


def spikes_of(path):
    with open_spikes(path, SpikeFileOptions(height=SIZE[0], width=SIZE[1])) as stream:
        return stream[:]


def test_workers_give_the_same_spikes(tmp_path):
    names = ["a", "b", "c"]
    jobs = [make_job(tmp_path, name) for name in names]
    counts = dict.fromkeys(range(3), 0)

    def on_progress(number, count):
        counts[number] += count

    assert run_jobs(jobs, 2, on_progress) == {}
    assert counts == dict.fromkeys(range(3), 48)
    parallel = [spikes_of(job.output) for job in jobs]
    for job in jobs:
        job.output.unlink()
    assert run_jobs(jobs, 1, lambda number, count: None) == {}
    np.testing.assert_array_equal(parallel, [spikes_of(job.output) for job in jobs])
    # The same pictures, but sequences of their own.
    assert (parallel[0] != parallel[1]).any()
    assert threading.active_count() == 1


@pytest.mark.parametrize("num_workers", [1, 2])
def test_one_failure_does_not_stop_the_others(tmp_path, num_workers):
    jobs = [make_job(tmp_path, name) for name in ("a", "b")]
    (tmp_path / "a" / "1.png").write_bytes(b"damaged")
    errors = run_jobs(jobs, num_workers, lambda number, count: None)
    assert list(errors) == [jobs[0].output]
    assert "1.png" in errors[jobs[0].output]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.h5"]


def test_bad_number_of_workers():
    with pytest.raises(ValueError, match="num_workers must be at least 1, not 0"):
        run_jobs([], 0, lambda number, count: None)


@pytest.mark.parametrize("suffix", [".dat", ".npy", ".npz"])
def test_bare_spikes(tmp_path, suffix):
    recording, bare = make_job(tmp_path, "a"), make_job(tmp_path, "a", suffix)
    assert run_jobs([recording, bare], 1, lambda number, count: None) == {}
    np.testing.assert_array_equal(spikes_of(bare.output), spikes_of(recording.output))
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_finished_output_is_recognised(tmp_path):
    job = make_job(tmp_path, "a")
    assert not job.is_finished()
    run_jobs([job], 1, lambda number, count: None)
    assert job.is_finished()


def test_output_of_other_settings_is_no_result_of_this_run(tmp_path):
    run_jobs([make_job(tmp_path, "a")], 1, lambda number, count: None)
    other = VideoToSpikes(SpikeCamera(gain=0.5), burst_frames=16, interpolation="none")
    with pytest.raises(ValueError, match=r"a\.h5 was made with other settings"):
        make_job(tmp_path, "a", settings=other).is_finished()

import threading

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation import run_jobs as module
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.picture_frames import open_pictures
from snn_depth.data.simulation.run_jobs import record_missing, run_jobs
from snn_depth.data.simulation.simulation_job import SimulationJob
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.data.streams.spike_stream import open_spikes

SIMULATION = SpikeSimulation(SpikeCamera(), burst_frames=16, interpolation="none")
SIZE = (16, 24)


def make_job(tmp_path, name):
    folder = tmp_path / name
    if not folder.exists():
        folder.mkdir()
        for index in range(3):
            grey = np.random.default_rng(index).integers(0, 256, SIZE, np.uint8)
            Image.fromarray(grey).save(folder / f"{index}.png")
    sequence = open_pictures(folder).sequence(30.0)
    return SimulationJob(sequence, SIMULATION, tmp_path / "out" / f"{name}.h5", seed=0)


def spikes_of(path):
    with open_spikes(path) as stream:
        return stream[:]


@pytest.fixture
def progress(monkeypatch):
    """What the progress bar is told: its title, the total, then the steps."""
    told = []

    class Bar:
        def __init__(self, title, total):
            told.extend([title, total])

        def __enter__(self):
            return told.append

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(module, "progress_bar", Bar)
    return told


@pytest.mark.slow
def test_workers_give_the_same_spikes(tmp_path, progress):
    num_threads = threading.active_count()
    jobs = [make_job(tmp_path, name) for name in ("a", "b", "c")]
    assert run_jobs(jobs, 2, "spikes") == {}
    assert progress[:2] == ["spikes", 3 * 48]
    assert sum(progress[2:]) == 3 * 48
    parallel = [spikes_of(job.output) for job in jobs]
    for job in jobs:
        job.output.unlink()
    assert run_jobs(jobs, 1, "spikes") == {}
    np.testing.assert_array_equal(parallel, [spikes_of(job.output) for job in jobs])
    # The same pictures, but sequences of their own.
    assert (parallel[0] != parallel[1]).any()
    assert threading.active_count() == num_threads


@pytest.mark.parametrize("num_workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_one_failure_does_not_stop_the_others(tmp_path, num_workers):
    jobs = [make_job(tmp_path, name) for name in ("a", "b")]
    (tmp_path / "a" / "1.png").write_bytes(b"damaged")
    errors = run_jobs(jobs, num_workers, "spikes")
    assert list(errors) == [jobs[0].output]
    assert "1.png" in errors[jobs[0].output]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.h5"]


def test_only_what_is_missing_is_recorded(tmp_path, progress):
    jobs = [make_job(tmp_path, name) for name in ("a", "b")]
    record_missing(jobs[:1], 2, "drives")
    made_ns = jobs[0].output.stat().st_mtime_ns
    record_missing(jobs, 2, "drives")
    record_missing(jobs, 2, "drives")
    assert jobs[0].output.stat().st_mtime_ns == made_ns
    assert progress[:2] == ["spikes: drives", 48] and progress.count("spikes: drives") == 2
    assert sum(step for step in progress[2:] if step == 16) > 0 and jobs[1].output.is_file()


def test_first_failure_of_a_data_set_is_named(tmp_path):
    jobs = [make_job(tmp_path, name) for name in ("a", "b")]
    (tmp_path / "a" / "1.png").write_bytes(b"damaged")
    message = r"1 of 2 sequences of drives cannot be simulated, the first \(a\): .*1\.png"
    with pytest.raises(ValueError, match=message):
        record_missing(jobs, 1, "drives")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.h5"]


def test_bad_number_of_workers():
    with pytest.raises(ValueError, match="num_workers must be at least 1, not 0"):
        run_jobs([], 0, "spikes")

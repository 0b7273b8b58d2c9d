"""Simulating several sequences, in parallel and resumable."""

import multiprocessing
import signal
import tempfile
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Protocol

import cv2

from snn_depth.data.simulation.sequence import PictureSequence
from snn_depth.data.simulation.video_to_spikes import VideoToSpikes, write_recording
from snn_depth.data.streams.recording import Recording
from snn_depth.data.streams.spike_stream import open_spikes, save_spikes

RECORDING_SUFFIXES = {".h5", ".hdf5"}
STREAM_SUFFIXES = {".dat", ".npy", ".npz"}


class Runnable(Protocol):
    """What `run_jobs` runs, in this process or in another."""

    @property
    def output(self) -> Path:
        """File that it writes."""

    def run(self, on_progress: Callable[[int], None]) -> None:
        """Write it, completely or not at all, reporting units of work done."""


@dataclass(frozen=True, eq=False)
class Job:
    """One sequence to simulate.

    Attributes:
        sequence: Its pictures.
        output: File to write; its suffix decides between a recording and bare spikes.
        settings: How to simulate.
        seed: Seed of the whole run.
    """

    sequence: PictureSequence
    output: Path
    settings: VideoToSpikes
    seed: int

    @property
    def seeds(self) -> tuple[int, int]:
        """Seeds of this sequence, the same whatever else is simulated with it."""
        return self.seed, zlib.crc32(self.output.stem.encode())

    def is_finished(self) -> bool:
        """Whether the output exists.

        Raises:
            ValueError: If it is a recording made with other settings, or not a recording.
        """
        if not self.output.exists():
            return False
        if self.output.suffix in RECORDING_SUFFIXES:
            with Recording.open(self.output) as recording:
                made_with = recording.camera
            wanted = self.settings.record(self.sequence, self.seeds)
            if made_with != wanted:
                raise ValueError(
                    f"{self.output} was made with other settings; overwrite it or choose "
                    f"another output"
                )
        return True

    def run(self, on_progress: Callable[[int], None]) -> None:
        """Simulate and write the output, completely or not at all.

        Args:
            on_progress: Called with the number of new spike frames.

        Raises:
            ValueError: As `write_recording`.
            OSError: If writing fails.
        """
        self.output.parent.mkdir(parents=True, exist_ok=True)
        if self.output.suffix in RECORDING_SUFFIXES:
            write_recording(self.sequence, self.settings, self.output, self.seeds, on_progress)
            return
        # A stream format is written in one go, from a recording that is not held in memory.
        with tempfile.TemporaryDirectory(dir=self.output.parent, prefix=".simulate-") as folder:
            recording = Path(folder) / "spikes.h5"
            write_recording(self.sequence, self.settings, recording, self.seeds, on_progress)
            with open_spikes(recording) as stream:
                save_spikes(stream, self.output)


def run_jobs(
    jobs: Sequence[Runnable], num_workers: int, on_progress: Callable[[int, int], None]
) -> dict[Path, str]:
    """Run jobs, the rest also when one fails.

    Args:
        jobs: What to run.
        num_workers: Processes; 1 runs everything in this one.
        on_progress: Called with a job's number and its count of new units (of a `Job`, spike
            frames).

    Returns:
        The error of each failed job, by output.

    Raises:
        ValueError: If `num_workers` is less than 1.
    """
    if num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, not {num_workers}")
    if num_workers == 1 or len(jobs) < 2:
        errors = [_run_one(job, partial(on_progress, number)) for number, job in enumerate(jobs)]
    else:
        errors = _run_parallel(jobs, num_workers, on_progress)
    return {job.output: error for job, error in zip(jobs, errors, strict=True) if error}


def _run_one(job: Runnable, on_progress: Callable[[int], None]) -> str | None:
    try:
        job.run(on_progress)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def _run_parallel(
    jobs: Sequence[Runnable], num_workers: int, on_progress: Callable[[int, int], None]
) -> list[str | None]:
    # Forking a process whose OpenCV threads run can deadlock.
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(num_workers, mp_context=context, initializer=_start_worker) as pool,
    ):
        news, stop = manager.Queue(), manager.Event()

        def listen() -> None:
            for number, count in iter(news.get, None):
                on_progress(number, count)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            futures = [
                pool.submit(_run_in_worker, job, number, news, stop)
                for number, job in enumerate(jobs)
            ]
            return [future.result() for future in futures]
        finally:
            # After an interrupt, workers stop at their next progress report and tidy up.
            stop.set()
            pool.shutdown(cancel_futures=True)
            news.put(None)
            listener.join()


def _start_worker() -> None:
    cv2.setNumThreads(1)  # the processes already share the cores
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # reaches the main process, which stops us


def _run_in_worker(
    job: Runnable, number: int, news: "Queue[tuple[int, int] | None]", stop: threading.Event
) -> str | None:
    def report(count: int) -> None:
        if stop.is_set():
            raise InterruptedError("interrupted")
        news.put((number, count))

    return _run_one(job, report)

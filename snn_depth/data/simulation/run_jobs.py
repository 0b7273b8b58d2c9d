"""Simulating several sequences, in parallel and resumable."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from queue import Queue

import cv2

from snn_depth.command.progress import progress_bar
from snn_depth.data.simulation.simulation_job import SimulationJob

Progress = Callable[[int], None]
# Shorter recordings are made sooner than processes start.
_MIN_SPIKE_FRAMES = 10_000


def run_jobs(jobs: Sequence[SimulationJob], num_workers: int, title: str) -> dict[Path, str]:
    """Run jobs with a progress bar, the rest also when one fails.

    Args:
        num_workers: Processes; 1 runs everything in this one.
        title: What the progress bar says.

    Returns:
        The error of each failed job, by output.

    Raises:
        ValueError: If `num_workers` is less than 1.
    """
    if num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, not {num_workers}")
    if not jobs:
        return {}
    with progress_bar(title, sum(job.num_spike_frames for job in jobs)) as advance:
        if num_workers == 1 or len(jobs) < 2:
            errors = [_run_one(job, advance) for job in jobs]
        else:
            errors = _run_parallel(jobs, num_workers, advance)
    return {job.output: error for job, error in zip(jobs, errors, strict=True) if error}


def record_missing(jobs: Sequence[SimulationJob], num_workers: int, title: str) -> None:
    """Run the jobs whose output does not exist: its name tells all that it was made with.

    Args:
        num_workers: Processes at the most.
        title: Name of the data set.

    Raises:
        ValueError: If a sequence cannot be simulated; the others are all the same.
    """
    missing = [job for job in jobs if not job.output.is_file()]
    if sum(job.num_spike_frames for job in missing) < _MIN_SPIKE_FRAMES:
        num_workers = 1
    if errors := run_jobs(missing, num_workers, f"spikes: {title}"):
        output, error = next(iter(errors.items()))
        raise ValueError(
            f"{len(errors)} of {len(jobs)} sequences of {title} cannot be simulated, the first "
            f"({output.stem}): {error}"
        )


def _run_one(job: SimulationJob, on_progress: Progress) -> str | None:
    try:
        job.run(on_progress)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def _run_parallel(
    jobs: Sequence[SimulationJob], num_workers: int, on_progress: Progress
) -> list[str | None]:
    # Forking a process whose OpenCV threads run can deadlock.
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(num_workers, mp_context=context, initializer=_start_worker) as pool,
    ):
        news, stop = manager.Queue(), manager.Event()

        def listen() -> None:
            for count in iter(news.get, None):
                on_progress(count)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            futures = [pool.submit(_run_in_worker, job, news, stop) for job in jobs]
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
    job: SimulationJob, news: "Queue[int | None]", stop: threading.Event
) -> str | None:
    def report(count: int) -> None:
        if stop.is_set():
            raise InterruptedError("interrupted")
        news.put(count)

    return _run_one(job, report)

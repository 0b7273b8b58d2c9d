"""Data sets of pictures with depth, whose spikes are simulated on first use."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from snn_depth.command.progress import progress_bar
from snn_depth.data.sample import RGB, SPIKES, Sample, View
from snn_depth.data.sets.public.public_dataset import DatasetLayout, LayoutReport
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.simulation.burst_job import BurstJob, SequenceView
from snn_depth.data.simulation.burst_simulation import BurstSimulation, Sensor
from snn_depth.data.simulation.scene import Interpolation
from snn_depth.data.simulation.shots import ShotSequence
from snn_depth.data.simulation.simulation_jobs import run_jobs
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.binning import bin_spikes

# Key frames that are simulated sooner than processes start.
_MIN_KEY_FRAMES = 100

Parts = Mapping[str, Callable[[], Sequence[ShotSequence]]]


class SimulatedDataset(RecordingDataset, DatasetLayout):
    """Pictures with depth seen by a simulated spike camera, kept in a cache folder.

    A subclass finds the pictures. Each of its sequences becomes one recording, with a burst of
    spikes around every picture that has depth; what is recorded already, complete and with the
    same settings, is not made again.

    Args:
        sequences: The pictures.
        size: Height and width of the sensor; None keeps the (cropped) pictures' own.
        crop: Rows and columns of the pictures that are used, from the middle of the bottom; None
            uses all.
        num_frames: Spike frames around each picture.
        num_bins: Time bins per window.
        sample_rate_hz: Spike frames per second.
        sensor: ideal or noisy spike camera.
        interpolation: How the light moves between the pictures of a video. flow: along optical
            flow; depth: by depth and pose, where the data set has both; none: not at all.
        max_depth_m: Depth beyond this is marked as not measured.
        cache_dir: Where the recordings are kept; each data set and setting has a folder in it.
        num_workers: Processes that simulate.
        keep_in_memory: Keep decoded samples (9 bytes and more per pixel each), so that only the
            first pass reads files.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    def __init__(
        self,
        sequences: Sequence[ShotSequence],
        *,
        size: tuple[int, int] | None = (64, 128),
        crop: tuple[int, int] | None = None,
        num_frames: int = 128,
        num_bins: int = 8,
        sample_rate_hz: float = 20_000.0,
        sensor: Sensor = "ideal",
        interpolation: Interpolation = "flow",
        max_depth_m: float = 80.0,
        cache_dir: str = "data_cache",
        num_workers: int = 2,
        keep_in_memory: bool = True,
    ) -> None:
        DataSpec(num_frames=num_frames, num_bins=num_bins)  # raises before hours of simulation
        simulation = BurstSimulation(
            size, crop, num_frames, sample_rate_hz, sensor, interpolation, max_depth_m
        )
        folder = Path(cache_dir) / f"{type(self).__name__}-{simulation.digest()}"
        paths = record_sequences(sequences, simulation, folder, self.title, num_workers)
        super().__init__(paths, num_frames, num_bins, keep_in_memory)

    @classmethod
    @abstractmethod
    def parts(cls, root: Path) -> Parts:
        """The parts (scenes, drives, splits) that `check_layout` reports on.

        Args:
            root: Folder of the data set.

        Returns:
            For each part that there is, a function that finds its sequences and raises ValueError
            or OSError when something is missing.

        Raises:
            ValueError: If there is none.
        """

    @classmethod
    def check_layout(cls, root: Path) -> LayoutReport:
        """See `DatasetLayout.check_layout`."""
        num_samples, problems = {}, []
        try:
            parts = cls.parts(root)
        except (ValueError, OSError) as error:
            return LayoutReport({}, [str(error)])
        for name, find in parts.items():
            try:
                num_samples[name] = sum(len(sequence.key_frames) for sequence in find())
            except (ValueError, OSError) as error:
                problems.append(f"{name}: {error}")
        return LayoutReport(num_samples, problems)

    @classmethod
    def preview(cls, root: Path) -> Sample:
        """See `DatasetLayout.preview`; the spikes are simulated."""
        for find in cls.parts(root).values():
            try:
                sequence = find()[0]
            except (ValueError, OSError) as error:
                problem = error
                continue
            return _first_sample(sequence)
        raise problem


def record_sequences(
    sequences: Sequence[ShotSequence],
    simulation: BurstSimulation,
    folder: Path,
    title: str,
    num_workers: int,
) -> list[Path]:
    """Simulate what is not recorded yet.

    Args:
        sequences: The pictures.
        simulation: How to simulate.
        folder: Where recordings with these settings are kept.
        title: Name of the data set, for the progress bar.
        num_workers: Processes at the most.

    Returns:
        One recording per sequence, in order.

    Raises:
        ValueError: If a sequence cannot be simulated; the others are all the same.
    """
    jobs = [BurstJob(s, simulation, folder / s.file_name()) for s in sequences]
    missing = [job for job in jobs if not job.output.is_file()]
    num_total = sum(len(sequence.key_frames) for sequence in sequences)
    num_missing = sum(len(job.sequence.key_frames) for job in missing)
    if missing:
        if num_missing < _MIN_KEY_FRAMES:
            num_workers = 1
        with progress_bar(f"spikes: {title}", num_total) as advance:
            advance(num_total - num_missing)
            errors = run_jobs(missing, num_workers, lambda _, steps: advance(steps))
        if errors:
            output, error = next(iter(errors.items()))
            raise ValueError(
                f"{len(errors)} of {len(jobs)} sequences of {title} cannot be simulated, the "
                f"first ({output.stem}): {error}"
            )
    return [job.output for job in jobs]


def _first_sample(sequence: ShotSequence) -> Sample:
    view = SequenceView(sequence, BurstSimulation(size=None))
    k = sequence.key_frames[0]
    frame = view.frame(k)
    counts_THW = bin_spikes(view.spikes(k), 8).astype(np.uint8)
    assert frame.depth_m is not None
    depth_m = torch.from_numpy(frame.depth_m)[None]
    return Sample(
        {
            RGB: View(torch.from_numpy(frame.rgb.transpose(2, 0, 1).copy()), depth_m=depth_m),
            SPIKES: View(torch.from_numpy(counts_THW)[:, None], depth_m=depth_m),
        }
    )

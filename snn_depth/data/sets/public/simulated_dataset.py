"""Data sets of pictures with depth, whose spikes are simulated on first use."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import torch

from snn_depth.data.sample import RGB, SPIKES, Sample, View
from snn_depth.data.sets.public.public_dataset import DatasetLayout, LayoutReport
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.light import Interpolation
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.simulation.run_jobs import record_missing
from snn_depth.data.simulation.sequence import FrameSequence
from snn_depth.data.simulation.simulation_job import SimulationJob
from snn_depth.data.simulation.spike_simulation import SpikeSimulation
from snn_depth.data.spec import DataSpec
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.files.digest import json_sha256

Sensor = Literal["ideal", "noisy"]
Parts = Mapping[str, Callable[[], Sequence[FrameSequence]]]
# Part of every cache key: a change to what is simulated must raise it.
SIMULATION_VERSION = 1


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

    Attributes:
        absent: What is wrong with a folder that `recognises` denies, such as "there is no drive".

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    absent: ClassVar[str]

    def __init__(
        self,
        sequences: Sequence[FrameSequence],
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
        if size is not None and min(size) < 8:
            raise ValueError(f"size is {list(size)}; accepted: 8 or more pixels each")
        if sensor not in get_args(Sensor):
            raise ValueError(f"sensor is {sensor!r}; accepted: {', '.join(get_args(Sensor))}")
        noise = SensorNoise() if sensor == "noisy" else None
        simulation = SpikeSimulation(
            SpikeCamera(sample_rate_hz=sample_rate_hz, noise=noise),
            burst_frames=num_frames,
            interpolation=interpolation,
            size=size,
            crop=crop,
            max_depth_m=max_depth_m,
        )
        settings = {
            "size": size,
            "crop": crop,
            "num_frames": num_frames,
            "sample_rate_hz": sample_rate_hz,
            "sensor": sensor,
            "interpolation": interpolation,
            "max_depth_m": max_depth_m,
        }
        key = json_sha256(settings | {"version": SIMULATION_VERSION})[:12]
        folder = Path(cache_dir) / f"{type(self).__name__}-{key}"
        jobs = [SimulationJob(s, simulation, folder / s.file_name()) for s in sequences]
        record_missing(jobs, num_workers, self.title)
        super().__init__([job.output for job in jobs], num_frames, num_bins, keep_in_memory)

    @classmethod
    @abstractmethod
    def parts(cls, root: Path) -> Parts:
        """The parts (scenes, drives, splits) that are there, for `check_layout`.

        Each with a function that finds its sequences, and raises ValueError or OSError when
        something is missing.

        Raises:
            ValueError: If there is none.
        """

    @classmethod
    def require(cls, root: Path) -> None:
        """Raise `layout_error` unless `root` is recognised."""
        if not cls.recognises(root):
            raise cls.layout_error(root, cls.absent)

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
                num_samples[name] = sum(sequence.num_key_frames for sequence in find())
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


def _first_sample(sequence: FrameSequence) -> Sample:
    job = SimulationJob(sequence, SpikeSimulation(SpikeCamera()), Path())
    frame, burst = next(job.bursts())
    counts_THW = bin_spikes(np.concatenate(list(burst)), 8).astype(np.uint8)
    assert frame.depth_m is not None
    depth_m = torch.from_numpy(frame.depth_m)[None]
    return Sample(
        {
            RGB: View(torch.from_numpy(frame.rgb.transpose(2, 0, 1).copy()), depth_m=depth_m),
            SPIKES: View(torch.from_numpy(counts_THW)[:, None], depth_m=depth_m),
        }
    )

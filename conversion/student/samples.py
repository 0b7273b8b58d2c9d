"""Samples on which a network is checked or measured: recordings, or the synthetic world."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader, Subset

from snn_depth.data.sample import SPIKES, Batch, collate
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.spec import DataSpec
from snn_depth.data.view_fields import Window
from snn_depth.data.world.config import WorldConfig
from snn_depth.files.digest import arrays_sha256

# The recipes train on seed 1, validate on 2 and test on 3, eight key frames per scene. A conversion
# is judged, and changed, by what it does on its samples, so these are none of their scenes.
TEST_SEED, CONVERSION_SEED, FRAMES_PER_SCENE = 3, 4, 8
BATCH_SIZE = 8


@dataclass(frozen=True, eq=False)
class Samples:
    """Some samples of a data set.

    Attributes:
        dataset: All that there are.
        indices: Those that are used.
        description: Where they are from.
    """

    dataset: RecordingDataset
    indices: tuple[int, ...]
    description: str

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def recordings(self) -> list[Path]:
        """The recording that each is from."""
        return [self.dataset.recordings[index] for index in self.indices]

    @property
    def scenes_B(self) -> npt.NDArray[np.int64]:
        """Number of the recording that each is from: frames of a scene are alike."""
        number = {path: n for n, path in enumerate(dict.fromkeys(self.dataset.recordings))}
        return np.array([number[path] for path in self.recordings])

    @property
    def num_scenes(self) -> int:
        """Recordings."""
        return len(set(self.recordings))

    @cached_property
    def sha256(self) -> str:
        """Of the spikes and depths of all that are used."""
        views = (self.dataset[index][SPIKES] for index in self.indices)
        parts = (view.parts for view in views)
        return arrays_sha256(
            part[name].numpy() for part in parts for name in ("image", "depth_m") if name in part
        )

    def batches(self) -> Iterator[Batch]:
        """All samples in order, a few at a time."""
        yield from DataLoader(Subset(self.dataset, self.indices), BATCH_SIZE, collate_fn=collate)

    def batch(self) -> Batch:
        """All samples at once."""
        return collate([self.dataset[index] for index in self.indices])


def find_samples(
    recordings: Sequence[Path],
    spec: DataSpec,
    cache_dir: Path,
    *,
    max_samples: int,
    num_scenes: int,
    seed: int,
) -> Samples:
    """Samples spread evenly over recordings, or over scenes of the synthetic world.

    Args:
        recordings: Recordings (*.h5) or folders of them; none for the synthetic world.
        spec: Window of the samples; the world is rendered in its size.
        cache_dir: Where recordings of the world are kept.
        max_samples: Samples to use; all where there are fewer.
        num_scenes: Of the world.
        seed: Of the world.

    Raises:
        ValueError: For no sample, and recordings that cannot be read as samples.
    """
    if recordings:
        dataset = RecordingDataset(list(recordings), spec.num_frames, spec.num_bins)
        description = ", ".join(str(path) for path in recordings)
    else:
        world = WorldConfig(
            num_scenes=num_scenes,
            frames_per_scene=FRAMES_PER_SCENE,
            height=spec.height,
            width=spec.width,
            num_frames=spec.num_frames,
            sample_rate_hz=spec.sample_rate_hz,
            seed=seed,
        )
        dataset = WorldDataset(world, str(cache_dir), num_bins=spec.num_bins)
        scenes = f"{num_scenes} test scenes" if seed == TEST_SEED else f"{num_scenes} scenes"
        description = f"synthetic world, clear city, {scenes} (seed {seed})"
    number = min(max_samples, len(dataset))
    indices = tuple(index * len(dataset) // number for index in range(number))
    return Samples(dataset, indices, description)


def conversion_samples(
    spec: DataSpec, num_samples: int, recordings: Sequence[Path], cache_dir: Path
) -> Samples:
    """Samples of one size, on which a conversion is checked.

    Args:
        spec: What the network was trained for, or the same with pictures of another size.
        num_samples: How many; spread over all that there are.
        recordings: Recordings or folders of them; the synthetic world where none are given.
        cache_dir: Where recordings of the world are kept.

    Raises:
        ValueError: For recordings of another size, or fewer samples than asked for.
    """
    if num_samples < 1:
        raise ValueError(f"num_samples is {num_samples}; accepted: 1 or more")
    samples = find_samples(
        recordings,
        spec,
        cache_dir,
        max_samples=num_samples,
        num_scenes=num_samples,
        seed=CONVERSION_SEED,
    )
    found = samples.dataset.spec
    if (found.height, found.width) != (spec.height, spec.width):
        raise ValueError(
            f"samples are {found.height}x{found.width}; accepted: {spec.height}x{spec.width}, what "
            "the network was trained for unless --size says otherwise; resize them: "
            "python -m snn_depth.simulate --size"
        )
    if len(samples) < num_samples:
        raise ValueError(f"num_samples is {num_samples}; there are {len(samples)}")
    return samples


def centre_crop(batch: Batch, height: int, width: int) -> Batch:
    """The middle of all pictures, which have one size.

    Raises:
        ValueError: For a crop that is larger than the pictures.
    """
    rows, columns = batch[SPIKES].size
    if height > rows or width > columns:
        raise ValueError(f"crop is {height}x{width}; accepted: up to {rows}x{columns}")
    return batch.crop(Window((rows - height) // 2, (columns - width) // 2, height, width))

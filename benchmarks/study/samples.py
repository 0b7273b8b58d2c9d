"""The samples of a report: which they are, and which of them resemble each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from hardware.counts.event_counts import Counts
from snn_depth.data.sample import SPIKES, Batch, collate
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.spec import DataSpec
from snn_depth.data.world.config import WorldConfig
from snn_depth.files.digest import arrays_sha256
from snn_depth.models.depth_decoding import DepthRange

# The test scenes of the shipped networks' recipes.
TEST_SEED, NUM_SCENES, FRAMES_PER_SCENE = 3, 20, 8
BATCH_SIZE = 8


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples with depth.

    Attributes:
        dataset: All that there are.
        indices: Those that are used.
        scenes_B: Number of the recording that each is from.
        description: Where they are from.
        sha256: Of the spikes and depths of all that are used.
    """

    dataset: RecordingDataset
    indices: tuple[int, ...]
    scenes_B: Counts
    description: str
    sha256: str

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def num_scenes(self) -> int:
        """Recordings."""
        return len(np.unique(self.scenes_B))

    def batches(self) -> Iterator[Batch]:
        """All samples in order."""
        subset = Subset(self.dataset, self.indices)
        yield from DataLoader(subset, BATCH_SIZE, collate_fn=collate)


def read_samples(
    data: Sequence[Path],
    spec: DataSpec,
    max_samples: int,
    cache_dir: Path,
    depth_ranges: Sequence[DepthRange] = (),
) -> Samples:
    """Recordings, or the test scenes of the synthetic world.

    A sample without any depth that a network can be scored on is left out, and the description
    says so.

    Args:
        data: Recordings (*.h5) with depth, or folders of them; none for the synthetic world.
        spec: Window and size that the network is for.
        max_samples: Samples to use, spread evenly; all where there are fewer.
        cache_dir: Where recordings of the world are kept.
        depth_ranges: Of the networks; a sample needs depth inside each of them.

    Raises:
        ValueError: For no sample, fewer than two recordings, recordings without depth, or too small
            a `max_samples`.
    """
    if max_samples < 2:
        raise ValueError(f"max_samples is {max_samples}; accepted: 2 or more")
    dataset: RecordingDataset
    if data:
        dataset = RecordingDataset(list(data), spec.num_frames, spec.num_bins)
        description = ", ".join(str(path) for path in data)
    else:
        world = WorldConfig(
            num_scenes=NUM_SCENES,
            frames_per_scene=FRAMES_PER_SCENE,
            height=spec.height,
            width=spec.width,
            num_frames=spec.num_frames,
            sample_rate_hz=spec.sample_rate_hz,
            seed=TEST_SEED,
        )
        dataset = WorldDataset(world, str(cache_dir), num_bins=spec.num_bins)
        description = f"synthetic world, clear city, {NUM_SCENES} test scenes (seed {TEST_SEED})"
    recordings = dataset.recordings
    _check_recordings(recordings, f"{description}: samples")
    number = min(max_samples, len(dataset))
    chosen = [index * len(dataset) // number for index in range(number)]
    for index in chosen:
        if not dataset[index][SPIKES].has("depth_m"):
            raise ValueError(f"{recordings[index]} has no depth to score against")
    indices = tuple(i for i in chosen if _has_depth(dataset[i][SPIKES].depth_m, depth_ranges))
    _check_recordings(
        [recordings[index] for index in indices],
        f"{description}: {len(indices)} of {number} samples with depth that can be scored",
    )
    if len(indices) < number:
        description += f"; {number - len(indices)} without depth in the range are left out"
    paths = {path: scene for scene, path in enumerate(dict.fromkeys(recordings))}
    views = (dataset[index][SPIKES] for index in indices)
    digest = arrays_sha256(part.numpy() for view in views for part in (view.image, view.depth_m))
    scenes_B = np.array([paths[recordings[index]] for index in indices])
    return Samples(dataset, indices, scenes_B, description, digest)


def _check_recordings(recordings: Sequence[Path], what: str) -> None:
    number = len(set(recordings))
    if number < 2:
        raise ValueError(
            f"{what} are from {number} recordings; accepted: 2 or more recordings, for intervals "
            "are over scenes"
        )


def _has_depth(depth_m: Tensor, depth_ranges: Sequence[DepthRange]) -> bool:
    """Whether `depth_metrics` finds a pixel to score, in every range."""
    valid_m = depth_m[depth_m > 0]
    return valid_m.numel() > 0 and all(
        bool(((valid_m > r.min_depth_m) & (valid_m < r.max_depth_m)).any()) for r in depth_ranges
    )

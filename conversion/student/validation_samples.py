"""Inputs on which a conversion is checked: recordings, or the synthetic world."""

from collections.abc import Sequence
from pathlib import Path

from snn_depth.data.sample import SPIKES, Batch, collate
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.spec import DataSpec
from snn_depth.data.view_fields import Window
from snn_depth.data.world.config import WorldConfig

# The recipes train on seed 1, validate on 2 and test on 3, eight key frames per scene. A conversion
# is judged, and changed, by what it does here, so these are none of their scenes.
CONVERSION_SEED, _FRAMES_PER_SCENE = 4, 8


def validation_batch(
    data: DataSpec, num_samples: int, recordings: Sequence[Path], cache_dir: Path
) -> Batch:
    """Samples of one size, as one batch.

    Args:
        data: What the network was trained for, or the same with pictures of another size.
        num_samples: How many; spread over all that there are.
        recordings: Recordings or folders of them; the synthetic world where none are given.
        cache_dir: Where recordings of the world are kept.

    Raises:
        ValueError: For recordings of another size, or fewer samples than asked for.
    """
    if num_samples < 1:
        raise ValueError(f"num_samples is {num_samples}; accepted: 1 or more")
    dataset: RecordingDataset
    if recordings:
        dataset = RecordingDataset(list(recordings), data.num_frames, data.num_bins)
    else:
        world = WorldConfig(
            num_scenes=num_samples,
            frames_per_scene=_FRAMES_PER_SCENE,
            height=data.height,
            width=data.width,
            num_frames=data.num_frames,
            sample_rate_hz=data.sample_rate_hz,
            seed=CONVERSION_SEED,
        )
        dataset = WorldDataset(world, str(cache_dir), num_workers=1, num_bins=data.num_bins)
    if (dataset.spec.height, dataset.spec.width) != (data.height, data.width):
        raise ValueError(
            f"samples are {dataset.spec.height}x{dataset.spec.width}; accepted: {data.height}x"
            f"{data.width}, what the network was trained for unless --size says otherwise; resize "
            "them: python -m snn_depth.simulate --size"
        )
    if len(dataset) < num_samples:
        raise ValueError(f"num_samples is {num_samples}; there are {len(dataset)}")
    chosen = [index * len(dataset) // num_samples for index in range(num_samples)]
    return collate([dataset[index] for index in chosen])


def centre_crop(batch: Batch, height: int, width: int) -> Batch:
    """The middle of all pictures, which have one size.

    Raises:
        ValueError: For a crop that is larger than the pictures.
    """
    rows, columns = batch[SPIKES].size
    if height > rows or width > columns:
        raise ValueError(f"crop is {height}x{width}; accepted: up to {rows}x{columns}")
    return batch.crop(Window((rows - height) // 2, (columns - width) // 2, height, width))

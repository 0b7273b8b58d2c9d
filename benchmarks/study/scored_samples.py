"""The samples of a report: all with depth that can be scored, of two scenes or more."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from conversion.student.samples import TEST_SEED, Samples, find_samples
from snn_depth.data.sample import SPIKES
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_decoding import DepthRange

NUM_SCENES = 20  # the test scenes of the shipped networks' recipes


def scored_samples(
    recordings: Sequence[Path],
    spec: DataSpec,
    max_samples: int,
    cache_dir: Path,
    depth_ranges: Sequence[DepthRange] = (),
) -> Samples:
    """Recordings, or the test scenes of the synthetic world.

    A sample without any depth that a network can be scored on is left out, and the description
    says so.

    Args:
        recordings: Recordings (*.h5) with depth, or folders of them; none for the synthetic world.
        max_samples: Samples to use, spread evenly; all where there are fewer.
        depth_ranges: Of the networks; a sample needs depth inside each of them.

    Raises:
        ValueError: For no sample, fewer than two recordings, recordings without depth, or too small
            a `max_samples`.
    """
    if max_samples < 2:
        raise ValueError(f"max_samples is {max_samples}; accepted: 2 or more")
    chosen = find_samples(
        recordings,
        spec,
        cache_dir,
        max_samples=max_samples,
        num_scenes=NUM_SCENES,
        seed=TEST_SEED,
    )
    dataset, description = chosen.dataset, chosen.description
    _check_recordings(dataset.recordings, f"{description}: samples")
    for index in chosen.indices:
        if not dataset[index][SPIKES].has("depth_m"):
            raise ValueError(f"{dataset.recordings[index]} has no depth to score against")
    depths_m = {index: dataset[index][SPIKES].depth_m for index in chosen.indices}
    indices = tuple(i for i, depth_m in depths_m.items() if _has_depth(depth_m, depth_ranges))
    samples = replace(chosen, indices=indices)
    _check_recordings(
        samples.recordings,
        f"{description}: {len(samples)} of {len(chosen)} samples with depth that can be scored",
    )
    if len(samples) == len(chosen):
        return samples
    left_out = f"; {len(chosen) - len(samples)} without depth in the range are left out"
    return replace(samples, description=description + left_out)


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

"""Unlabelled spike recordings as a data set: every window, as prediction will see it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from snn_depth.data.sample import SPIKES, Sample, View
from snn_depth.data.sets.recording_dataset import find_recordings
from snn_depth.data.spec import DataSpec, read_spec
from snn_depth.data.streams.binning import bin_spikes
from snn_depth.data.streams.spike_file_options import SPIKE_SUFFIXES, SpikeFileOptions
from snn_depth.data.streams.spike_stream import open_spikes
from snn_depth.data.streams.windows import recorded_bursts_and_intrinsics, window_starts
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.geometry.canonical_camera import CanonicalCamera
from snn_depth.geometry.intrinsics import known_focal_lengths_px

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Window:
    """Where a sample comes from: a window of a recording, and a tile of its resampled picture."""

    path: Path
    camera: CanonicalCamera
    start: int
    top: int
    left: int


class WindowDataset(Dataset[Sample]):
    """Windows of spike recordings of any format, size and length, without depth.

    Each window is binned and resampled to the training camera exactly as `snn_depth.predict` does
    it, so that a network is adapted to what it will be shown. Where that picture is larger than
    the training pictures, it is cut into tiles of their size, as few as cover it.

    A sample has the view "spikes": counts per bin, averaged over the area of each resampled pixel
    and therefore no whole numbers. Windows are read when they are asked for; of a recording of any
    length only these are in memory.

    Args:
        paths: Recordings (`.dat`, `.npy`, `.npz`, `.h5`), or folders in which all of them are
            taken (also in subfolders). A SpikeCV `config.yaml` beside a `.dat` tells its size.
        trained_for: What the network was trained for: its checkpoint, or the numbers.
        stride_frames: Frames from one window to the next; by default windows do not overlap.
        max_samples: Of more samples than this, so many are taken, evenly spread.
        focal_length_px: Focal length of the spike camera in pixels of the recordings. Without it,
            intrinsics or a recording that knows, the training camera's field of view is assumed.
        intrinsics: fx,fy,cx,cy in pixels of the recordings, or a text file with a 3x3 matrix.
        keep_in_memory: Keep decoded samples (262 kB each at 64 x 128).
        **file_options: What `SpikeFileOptions` takes: `height`, `width`, `axis_order` ...

    Raises:
        ValueError: When there is no recording, one is shorter than a window or corrupt, they
            differ in rate, or an option is out of range.
        OSError: When a file cannot be read.
    """

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        trained_for: str | Path | DataSpec = str(SHIPPED_NETWORK),
        stride_frames: int | None = None,
        max_samples: int = 2000,
        focal_length_px: float | None = None,
        intrinsics: str | None = None,
        keep_in_memory: bool = True,
        **file_options: Any,
    ) -> None:
        if max_samples < 1:
            raise ValueError(f"max_samples is {max_samples}; accepted: 1 or more")
        trained = trained_for if isinstance(trained_for, DataSpec) else read_spec(trained_for)
        self._file_options = SpikeFileOptions(**file_options)
        self._cache: dict[int, Sample] | None = {} if keep_in_memory else None
        cameras: dict[Path, CanonicalCamera] = {}
        starts: dict[Path, list[int]] = {}
        rates_hz: dict[float, Path] = {}
        listed = [paths] if isinstance(paths, str | Path) else paths
        for path in find_recordings(listed, SPIKE_SUFFIXES):
            burst_frames, recorded = recorded_bursts_and_intrinsics(path)
            focal_lengths_px = known_focal_lengths_px(focal_length_px, intrinsics, recorded)
            with open_spikes(path, self._file_options) as stream:
                rates_hz.setdefault(stream.sample_rate_hz, path)
                cameras[path] = trained.canonical_camera(
                    stream.height, stream.width, focal_lengths_px
                )
                try:
                    starts[path] = window_starts(
                        stream.num_frames,
                        trained.num_frames,
                        stride_frames,
                        burst_frames=burst_frames,
                    )
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from None
        self.spec = _common_spec(trained, cameras, rates_hz)
        windows = [
            _Window(path, camera, start, top, left)
            for path, camera in cameras.items()
            for start, top, left in product(
                starts[path],
                tile_starts(camera.network_size[0], self.spec.height),
                tile_starts(camera.network_size[1], self.spec.width),
            )
        ]
        picks = np.linspace(0, len(windows) - 1, min(max_samples, len(windows))).round()
        self._windows = [windows[pick] for pick in picks.astype(int)]
        for camera in dict.fromkeys(cameras.values()):
            logger.info("%s: %s", ", ".join(map(str, listed)), camera.describe())

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Sample:
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        window = self._windows[index]
        options = self._file_options.used_for(window.path)  # the rest was warned of
        with open_spikes(window.path, options) as stream:
            frames = stream[window.start : window.start + self.spec.num_frames]
        counts = torch.from_numpy(bin_spikes(frames, self.spec.num_bins))[:, None]
        rows = slice(window.top, window.top + self.spec.height)
        columns = slice(window.left, window.left + self.spec.width)
        # A copy, so that what is kept is the tile and not the picture around it.
        tile = window.camera.to_network(counts)[..., rows, columns].clone()
        sample = Sample({SPIKES: View(tile)})
        if self._cache is not None:
            self._cache[index] = sample
        return sample


def tile_starts(length: int, tile: int) -> list[int]:
    """First pixels of the fewest tiles that cover an axis, evenly spread.

    A tile is at most as long as the axis; neighbours overlap where tiles do not fit exactly.
    """
    num_tiles = -(-length // tile)
    return np.linspace(0, length - tile, num_tiles).round().astype(int).tolist()


def _common_spec(
    trained: DataSpec, cameras: dict[Path, CanonicalCamera], rates_hz: dict[float, Path]
) -> DataSpec:
    """The training camera, as small as the smallest of the resampled pictures.

    Also where a focal length is unknown: the pictures are then taken for the training camera's,
    and a network that adapts to them is one of that camera.
    """
    if len(rates_hz) > 1:
        found = ", ".join(f"{rate_hz:g} Hz ({path.name})" for rate_hz, path in rates_hz.items())
        raise ValueError(f"recordings differ in rate: {found}; one data set has one rate")
    (sample_rate_hz,) = rates_hz
    if note := trained.other_rate(sample_rate_hz):
        logger.warning(note)
    sizes = [camera.network_size for camera in cameras.values()]
    return replace(
        trained,
        height=min(trained.height, *(size[0] for size in sizes)),
        width=min(trained.width, *(size[1] for size in sizes)),
        sample_rate_hz=sample_rate_hz,
    )

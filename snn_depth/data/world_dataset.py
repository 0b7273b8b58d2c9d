"""The synthetic world as a data set."""

from pathlib import Path

from snn_depth.data.datasets import RecordingDataset
from snn_depth.data.world.generate import WorldConfig, generate
from snn_depth.progress import progress_bar


class WorldDataset(RecordingDataset):
    """Key frames of the synthetic world, made on first use and kept in a cache folder.

    Args:
        world: What to render.
        cache_dir: Where the recordings are kept; each configuration has its own folder in it.
        num_workers: Processes that render.
        num_bins: Time bins per window.
    """

    def __init__(
        self,
        world: WorldConfig,
        cache_dir: str = "data_cache",
        num_workers: int = 2,
        num_bins: int = 8,
    ) -> None:
        with progress_bar(f"world: {world.domain}", world.num_scenes) as advance:
            paths = generate(world, Path(cache_dir), num_workers=num_workers, progress=advance)
        super().__init__(paths, world.num_frames, num_bins)

"""The synthetic world as a data set."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from snn_depth.command.progress import progress_bar
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.world.generate import WORLD_VERSION, WorldConfig, generate


class WorldDataset(RecordingDataset):
    """Key frames of the synthetic world, made on first use and kept in a cache folder.

    Args:
        world: What to render; several are mixed (clear and cloudy streets, say).
        cache_dir: Where the recordings are kept; each configuration has its own folder in it.
        num_workers: Processes that render.
        num_bins: Time bins per window.
        neighbours: As `RecordingDataset`.
        sensors: As `RecordingDataset`.

    Raises:
        ValueError: When several worlds differ in the size, rate or length of their recordings, or
            there is none; before anything is rendered.
    """

    version: ClassVar[int] = WORLD_VERSION  # the same settings give other pictures after a change

    def __init__(
        self,
        world: WorldConfig | list[WorldConfig],
        cache_dir: str = "data_cache",
        num_workers: int = 2,
        num_bins: int = 8,
        neighbours: Sequence[int] | None = None,
        sensors: Sequence[str] | None = None,
    ) -> None:
        worlds: Sequence[WorldConfig] = [world] if isinstance(world, WorldConfig) else world
        if not worlds:
            raise ValueError("world is empty; accepted: one or more")
        for name in ("height", "width", "num_frames", "sample_rate_hz"):
            values = sorted({getattr(w, name) for w in worlds})
            if len(values) > 1:
                raise ValueError(f"the worlds have {name} {values}; accepted: one for all")
        paths: list[Path] = []
        for one in worlds:
            with progress_bar(f"world: {one.domain}", one.num_scenes) as advance:
                paths += generate(one, Path(cache_dir), num_workers=num_workers, progress=advance)
        super().__init__(
            paths, worlds[0].num_frames, num_bins, neighbours=neighbours, sensors=sensors
        )

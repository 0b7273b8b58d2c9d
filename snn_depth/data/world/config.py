"""What to make of the synthetic world."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

from snn_depth.files.digest import json_sha256

Domain = Literal["clear", "cloudy", "fog", "rain", "night", "realistic"]
LayoutName = Literal["city", "suburb", "park"]
Sensor = Literal["ideal", "noisy", "dim"]

# Part of every cache key: a change to the pictures of any configuration must raise it.
WORLD_VERSION = 5


@dataclass(frozen=True)
class WorldConfig:
    """What to make of the synthetic world.

    Attributes:
        domain: Light and weather: clear, cloudy, fog, rain, night, or realistic (clear weather
            with the look of a real camera: other colours, finer textures, lens, tone curve).
        layout: Kind of place and camera: city (82 degrees across, height 0.8 to 2.6 m), or
            suburb (detached houses, more plants, 66 degrees, looking further down), or park (a
            narrow way between trees and hedges on hilly ground, 56 degrees, from a bicycle).
        sensor: ideal, noisy (the noise measured on real spike cameras), or dim: the noisy one at
            an eighth of the light, where that noise weighs.
        num_scenes: Scenes; each becomes one recording.
        frames_per_scene: Key frames, each with its burst of spikes, per scene.
        frame_spacing_m: Distance driven from one key frame to the next. Small values make
            video-like sequences, large ones diverse pictures.
        height: Rows of the pictures.
        width: Columns of the pictures; the field of view across stays, whatever the size.
        num_frames: Spike frames per key frame.
        sample_rate_hz: Spike frames per second.
        min_depth_m: Depth below this is marked as not measured.
        max_depth_m: Depth beyond this is marked as not measured.
        seed: Together with a scene's number this determines all that is random in it. Domains of
            one seed share their streets: data to be held out needs another seed.

    Raises:
        ValueError: When a value is out of range.
    """

    domain: Domain = "clear"
    layout: LayoutName = "city"
    sensor: Sensor = "ideal"
    num_scenes: int = 16
    frames_per_scene: int = 8
    frame_spacing_m: float = 8.0
    height: int = 64
    width: int = 128
    num_frames: int = 128
    sample_rate_hz: float = 20000.0
    min_depth_m: float = 1.0
    max_depth_m: float = 80.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in (("domain", Domain), ("layout", LayoutName), ("sensor", Sensor)):
            value, accepted = getattr(self, name), get_args(kind)
            if value not in accepted:
                raise ValueError(f"{name} is {value!r}; accepted: {', '.join(accepted)}")
        for name in ("num_scenes", "frames_per_scene", "num_frames"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: 1 or more")
        for name in ("height", "width"):
            if getattr(self, name) < 8:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: 8 or more")
        for name in ("frame_spacing_m", "sample_rate_hz", "min_depth_m"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: positive numbers")
        if not self.min_depth_m < self.max_depth_m < float("inf"):
            raise ValueError(
                f"max_depth_m is {self.max_depth_m}; "
                f"accepted: finite and above min_depth_m ({self.min_depth_m})"
            )
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; accepted: 0 or more")

    def cache_name(self) -> str:
        """Name of the folder of these recordings, which does not depend on `num_scenes`."""
        settings = asdict(self) | {"version": WORLD_VERSION}
        del settings["num_scenes"]
        return f"world-{self.domain}-{self.layout}-{self.sensor}-{json_sha256(settings)[:12]}"

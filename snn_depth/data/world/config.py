"""What to render: the settings of a synthetic data set."""

import hashlib
import json
from dataclasses import asdict, dataclass

# Part of the cache key: count up whenever the same settings give other pictures.
WORLD_VERSION = 1

DOMAINS = ("clear", "cloudy", "fog", "rain", "night", "realistic")
LAYOUTS = ("city", "suburb")
SENSORS = ("ideal", "noisy")


@dataclass(frozen=True)
class WorldConfig:
    """Settings of a synthetic data set; equal settings give equal recordings.

    Attributes:
        domain: Weather, light and rendering style: one of `DOMAINS`.
        layout: Scene layout and the camera that goes with it: one of `LAYOUTS`.
        sensor: Noise of the spike camera: `ideal` (none) or `noisy` (`SensorNoise`).
        num_scenes: Scenes, one recording each. More scenes extend a smaller set.
        frames_per_scene: Key frames per scene.
        height: Rows.
        width: Columns; the field of view stays, so the focal length grows with it.
        num_frames: Spike frames in the burst around each key frame.
        sample_rate_hz: Spike frames per second.
        seed: Chooses the scenes; data sets of different seeds have no scene in common.
        frame_spacing_m: Mean way along the road from one key frame to the next.
        min_depth_m: Nearer surfaces count as not measured (depth 0).
        max_depth_m: Farther surfaces, and the sky, likewise.

    Raises:
        ValueError: For a value outside its range; the message names it.
    """

    domain: str = "clear"
    layout: str = "city"
    sensor: str = "ideal"
    num_scenes: int = 16
    frames_per_scene: int = 8
    height: int = 64
    width: int = 128
    num_frames: int = 128
    sample_rate_hz: float = 20000.0
    seed: int = 0
    frame_spacing_m: float = 8.0
    min_depth_m: float = 1.0
    max_depth_m: float = 80.0

    def __post_init__(self) -> None:
        choices = (("domain", DOMAINS), ("layout", LAYOUTS), ("sensor", SENSORS))
        for name, accepted in choices:
            if getattr(self, name) not in accepted:
                raise ValueError(
                    f"{name} {getattr(self, name)!r} is unknown; use one of {', '.join(accepted)}"
                )
        lowest = {
            "num_scenes": 1,
            "frames_per_scene": 1,
            "height": 8,
            "width": 8,
            "num_frames": 2,
            "seed": 0,
        }
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, not {getattr(self, name)}")
        for name in ("sample_rate_hz", "frame_spacing_m", "min_depth_m"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if not self.min_depth_m < self.max_depth_m < float("inf"):
            raise ValueError(
                f"max_depth_m must exceed min_depth_m {self.min_depth_m}, not {self.max_depth_m}"
            )

    @property
    def folder_name(self) -> str:
        """Name of the cache folder: readable, and different for different pictures."""
        settings = asdict(self)
        del settings["num_scenes"]
        key = json.dumps([WORLD_VERSION, settings], sort_keys=True)
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        return f"{self.layout}_{self.domain}_{self.sensor}_{digest}"

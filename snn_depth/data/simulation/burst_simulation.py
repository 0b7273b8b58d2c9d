"""How the pictures of a data set become what a spike camera sees."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.depth_maps import resize_depth
from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.simulation.picture_crop import bottom_center_crop, crop_corner
from snn_depth.data.simulation.scene import Interpolation
from snn_depth.data.simulation.sequence import Frame
from snn_depth.data.simulation.shots import ShotSequence
from snn_depth.data.simulation.video import linear_intensity, resize_area
from snn_depth.files.digest import json_sha256
from snn_depth.geometry.intrinsics import crop_intrinsics, scale_intrinsics

Sensor = Literal["ideal", "noisy"]

# Part of every cache key: a change to what is simulated must raise it.
SIMULATION_VERSION = 1
# Pictures are stored gamma encoded; 2.2 is close to sRGB.
_GAMMA = 2.2


@dataclass(frozen=True)
class BurstSimulation:
    """How the pictures of a data set become spikes.

    Attributes:
        size: Height and width of the sensor; None keeps the (cropped) pictures' own.
        crop: Rows and columns of the pictures that are used, see `bottom_center_crop`.
        num_frames: Spike frames around each key frame.
        sample_rate_hz: Spike frames per second.
        sensor: ideal or noisy spike camera.
        interpolation: How the light moves between pictures, see `scene_between`.
        max_depth_m: Depth beyond this is marked as not measured.

    Raises:
        ValueError: When a value is out of range.
    """

    size: tuple[int, int] | None = (64, 128)
    crop: tuple[int, int] | None = None
    num_frames: int = 128
    sample_rate_hz: float = 20_000.0
    sensor: Sensor = "ideal"
    interpolation: Interpolation = "flow"
    max_depth_m: float = 80.0

    def __post_init__(self) -> None:
        for name, least in (("size", 8), ("crop", 1)):
            value = getattr(self, name)
            if value is not None and min(value) < least:
                raise ValueError(f"{name} is {list(value)}; accepted: {least} or more pixels each")
        if self.num_frames < 1:
            raise ValueError(f"num_frames is {self.num_frames}; accepted: 1 or more")
        for name in ("sample_rate_hz", "max_depth_m"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: positive numbers")
        for name, kind in (("sensor", Sensor), ("interpolation", Interpolation)):
            if getattr(self, name) not in get_args(kind):
                accepted = ", ".join(get_args(kind))
                raise ValueError(f"{name} is {getattr(self, name)!r}; accepted: {accepted}")

    @property
    def camera(self) -> SpikeCamera:
        """The spike camera."""
        noise = SensorNoise() if self.sensor == "noisy" else None
        return SpikeCamera(sample_rate_hz=self.sample_rate_hz, noise=noise)

    def digest(self) -> str:
        """Twelve characters that differ when any setting does."""
        settings = asdict(self) | {"version": SIMULATION_VERSION}
        return json_sha256(settings)[:12]

    def frame(self, sequence: ShotSequence, k: int) -> Frame:
        """Read a picture as the sensor would see it.

        Args:
            sequence: Its sequence.
            k: Its number.

        Raises:
            ValueError: If it is damaged, or smaller than the crop.
            OSError: If it does not exist.
        """
        rgb, depth_m = sequence.shots[k].read()
        rgb = bottom_center_crop(rgb, self.crop)
        intensity = linear_intensity(rgb, _GAMMA, self.size)
        depth_m = None if depth_m is None else bottom_center_crop(depth_m, self.crop)
        if self.size is not None:
            rgb = resize_area(rgb, self.size)
            depth_m = None if depth_m is None else resize_depth(depth_m, self.size)
        pose = None if sequence.poses is None else sequence.poses[k]
        return Frame(rgb, intensity, depth_m, pose)

    def intrinsics(self, sequence: ShotSequence) -> NDArray[np.float64] | None:
        """Intrinsics (3, 3) in pixels of the sensor; None if the sequence's are unknown."""
        if sequence.intrinsics is None:
            return None
        rgb, _ = sequence.shots[sequence.key_frames[0]].read()
        intrinsics = crop_intrinsics(
            sequence.intrinsics, crop_corner((rgb.shape[0], rgb.shape[1]), self.crop)
        )
        if self.size is None:
            return intrinsics
        return scale_intrinsics(intrinsics, self.crop or (rgb.shape[0], rgb.shape[1]), self.size)

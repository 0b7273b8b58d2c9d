"""How frames become what a spike camera sees."""

from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.camera import SpikeCamera
from snn_depth.data.simulation.depth_maps import resize_depth
from snn_depth.data.simulation.frames import Frame, StoredFrame
from snn_depth.data.simulation.light import Interpolation
from snn_depth.data.simulation.picture_crop import bottom_center_crop, crop_corner
from snn_depth.data.simulation.pictures import linear_intensity, resize_area
from snn_depth.geometry.intrinsics import crop_intrinsics, scale_intrinsics


@dataclass(frozen=True)
class SpikeSimulation:
    """How frames become spikes.

    Attributes:
        burst_frames: Spike frames around each key frame (half before, half after); 0 = one
            continuous stream from the first frame to the last.
        interpolation: How the light changes between frames (see `scene_between`).
        gamma: Exponent that decodes the pictures into light (see `linear_intensity`).
        size: Height and width of the sensor; None keeps the (cropped) pictures' own.
        crop: Rows and columns of the pictures that are used (see `bottom_center_crop`).
        max_depth_m: Recorded depth beyond this is marked as not measured.

    Raises:
        ValueError: If a value is out of range.
    """

    camera: SpikeCamera
    burst_frames: int = 128
    interpolation: Interpolation = "flow"
    gamma: float = 2.2
    size: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    max_depth_m: float | None = None

    def __post_init__(self) -> None:
        if self.burst_frames < 0:
            raise ValueError(f"burst_frames must be 0 or more, not {self.burst_frames}")
        if self.interpolation not in get_args(Interpolation):
            accepted = ", ".join(get_args(Interpolation))
            raise ValueError(f"interpolation is {self.interpolation!r}; accepted: {accepted}")
        for name in ("gamma", "max_depth_m"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ValueError(f"{name} must be positive, not {value}")
        for name in ("size", "crop"):
            value = getattr(self, name)
            if value is not None and min(value) < 1:
                raise ValueError(f"{name} is {list(value)}; accepted: 1 or more pixels each")

    def record(self) -> dict[str, Any]:
        """All settings as JSON-ready values.

        Crop and greatest depth are left out where there is none, so that the recordings made
        before these settings existed count as made with the same.
        """
        settings = asdict(self) | {"camera": self.camera.settings()}
        settings |= {name: list(settings[name]) for name in ("size", "crop") if settings[name]}
        unused = {name for name in ("crop", "max_depth_m") if settings[name] is None}
        return {name: value for name, value in settings.items() if name not in unused}

    def read(self, number: int, stored: StoredFrame) -> Frame:
        """Read a frame as the sensor would see it.

        Raises:
            ValueError: If it is damaged, or smaller than the crop.
            OSError: If it does not exist.
        """
        rgb, depth_m = stored.read()
        picture_size = rgb.shape[0], rgb.shape[1]
        rgb = bottom_center_crop(rgb, self.crop)
        intensity = linear_intensity(rgb, self.gamma, self.size)
        depth_m = None if depth_m is None else bottom_center_crop(depth_m, self.crop)
        if self.size is not None:
            rgb = resize_area(rgb, self.size)
            depth_m = None if depth_m is None else resize_depth(depth_m, self.size)
        return Frame(stored, number, rgb, intensity, depth_m, picture_size)

    def intrinsics(
        self, intrinsics: NDArray[np.float64] | None, picture_size: tuple[int, int]
    ) -> NDArray[np.float64] | None:
        """Intrinsics (3, 3) in pixels of the sensor, from those of the stored pictures."""
        if intrinsics is None:
            return None
        cropped = crop_intrinsics(intrinsics, crop_corner(picture_size, self.crop))
        if self.size is None:
            return cropped
        return scale_intrinsics(cropped, self.crop or picture_size, self.size)

    def recorded_depth_m(self, frame: Frame) -> NDArray[np.float32] | None:
        """Depth (H, W) without what is too far; None without depth."""
        if frame.depth_m is None or self.max_depth_m is None:
            return frame.depth_m
        return np.where(frame.depth_m <= self.max_depth_m, frame.depth_m, 0)

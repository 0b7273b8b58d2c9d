"""What a network expects of its input; stored with every checkpoint."""

from dataclasses import dataclass
from pathlib import Path

from snn_depth.files.stored_network import misdescribed, read_description
from snn_depth.geometry.canonical_camera import CanonicalCamera, canonical_camera


@dataclass(frozen=True)
class DataSpec:
    """Sensor and window that a network was last trained for, or adapted to.

    Attributes:
        num_frames: Spike frames per window.
        num_bins: Time bins per window, the network's time steps; divides `num_frames`.
        sample_rate_hz: Spike frames per second.
        focal_length_px: Focal length of the camera in its own pixels; 0 if unknown.
        focal_length_y_px: Vertical focal length where pixels are not square; 0: the same.

    Raises:
        ValueError: When a count is not positive or `num_bins` does not divide `num_frames`.
    """

    height: int = 64
    width: int = 128
    num_frames: int = 128
    num_bins: int = 8
    sample_rate_hz: float = 20_000.0
    focal_length_px: float = 0.0
    focal_length_y_px: float = 0.0

    def __post_init__(self) -> None:
        for name in ("height", "width", "num_frames", "num_bins", "sample_rate_hz"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: positive numbers")
        if self.num_frames % self.num_bins:
            raise ValueError(
                f"num_frames {self.num_frames} is not a multiple of num_bins {self.num_bins}"
            )

    @property
    def focal_lengths_px(self) -> tuple[float, float] | None:
        """Horizontal and vertical focal length; None if unknown."""
        if self.focal_length_px <= 0:
            return None
        return self.focal_length_px, self.focal_length_y_px or self.focal_length_px

    def other_rate(self, sample_rate_hz: float) -> str:
        """What it means that a recording has another rate than this; empty where it has not."""
        if sample_rate_hz == self.sample_rate_hz:
            return ""
        return (
            f"recorded at {sample_rate_hz:g} Hz, but the network was trained at "
            f"{self.sample_rate_hz:g} Hz: its windows see another time span and, at the same "
            "light, other firing rates"
        )

    def canonical_camera(
        self, height: int, width: int, focal_lengths_px: tuple[float, float] | None
    ) -> CanonicalCamera:
        """How pictures of another size and lens are shown to a network for this camera.

        Raises:
            ValueError: As `snn_depth.geometry.canonical_camera.canonical_camera`.
        """
        return canonical_camera(
            (height, width),
            focal_lengths_px,
            training_height=self.height,
            training_focal_lengths_px=self.focal_lengths_px,
        )


def read_spec(checkpoint: Path | str) -> DataSpec:
    """What a stored network was last trained for, or adapted to.

    Raises:
        ValueError: When the file is missing, corrupt or no network's.
    """
    try:
        return DataSpec(**read_description(checkpoint)["data"])
    except (KeyError, TypeError) as error:
        raise misdescribed(checkpoint, error) from None

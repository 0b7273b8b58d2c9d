"""What a network expects of its input; stored with every checkpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSpec:
    """Sensor and window that a network was trained for.

    Attributes:
        height: Rows of the training images.
        width: Columns of the training images.
        num_frames: Spike frames per window.
        num_bins: Time bins per window, the network's time steps; divides `num_frames`.
        sample_rate_hz: Spike frames per second.
        focal_length_px: Focal length of the training camera in its own pixels; 0 if unknown.

    Raises:
        ValueError: When a count is not positive or `num_bins` does not divide `num_frames`.
    """

    height: int = 64
    width: int = 128
    num_frames: int = 128
    num_bins: int = 8
    sample_rate_hz: float = 20_000.0
    focal_length_px: float = 0.0

    def __post_init__(self) -> None:
        for name in ("height", "width", "num_frames", "num_bins", "sample_rate_hz"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: positive numbers")
        if self.num_frames % self.num_bins:
            raise ValueError(
                f"num_frames {self.num_frames} is not a multiple of num_bins {self.num_bins}"
            )

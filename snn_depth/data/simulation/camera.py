"""Integrate-and-fire model of a spike camera (Vidar)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.noise import NoisyPixels, SensorNoise, temporal_generator


@dataclass(frozen=True)
class SpikeCamera:
    """A spike camera: every pixel integrates light and fires at a threshold.

    Attributes:
        gain: Charge that full intensity (1.0) adds per step. At most `v_threshold`, because a
            pixel reads out at most one spike per step and more light would be lost. The spike
            rate is gain * intensity / v_threshold per step.
        sample_rate_hz: Steps per second.
        noise: None for an ideal sensor.

    Raises:
        ValueError: If a value is not positive or the gain exceeds the threshold.
    """

    gain: float = 1.0
    v_threshold: float = 1.0
    sample_rate_hz: float = 20000.0
    noise: SensorNoise | None = None

    def __post_init__(self) -> None:
        for name in ("gain", "v_threshold", "sample_rate_hz"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if self.gain > self.v_threshold:
            raise ValueError(
                f"gain {self.gain} exceeds v_threshold {self.v_threshold}: bright pixels would "
                f"collect more than the one spike per step that they can read out; "
                f"use a gain of at most {self.v_threshold}"
            )

    def settings(self) -> dict[str, Any]:
        """All settings as JSON-ready values, for the record."""
        settings = asdict(self)
        if self.noise is not None and self.noise.measured_maps is not None:
            settings["noise"]["measured_maps"] = self.noise.measured_maps.name
        return settings


class IdealPixels:
    """Noise-free pixels: A += g I; spike where A >= theta; A -= theta there (soft reset).

    The initial charge is uniform in [0, theta): pixels of equal brightness fire out of step.
    Soft reset keeps the rate g I / theta exact; a reset to zero, as some simulators have it,
    would bias it: I = 0.9 and g = 0.5 would fire at 0.333 instead of 0.45.
    """

    def __init__(
        self, gain: float, v_threshold: float, shape: tuple[int, int], rng: np.random.Generator
    ) -> None:
        self._gain = np.float32(gain)
        self._v_threshold = np.float32(v_threshold)
        self._charge = rng.random(shape, dtype=np.float32) * self._v_threshold
        self._step = np.empty(shape, np.float32)

    def integrate(self, intensity: NDArray[np.float32], spikes: NDArray[np.bool_]) -> None:
        """Advance by one step; `spikes` receives the step's frame. Both (H, W)."""
        self._charge += np.multiply(intensity, self._gain, out=self._step)
        np.greater_equal(self._charge, self._v_threshold, out=spikes)
        # Multiplying is several times faster than subtracting under a mask.
        self._charge -= np.multiply(spikes, self._v_threshold, out=self._step)


def simulate_spikes(
    intensity_chunks: Iterable[NDArray[np.float32]],
    camera: SpikeCamera,
    seed: int | Sequence[int],
) -> Iterator[NDArray[np.uint8]]:
    """Simulate one continuous stream, chunk by chunk.

    The charge is carried from chunk to chunk and noise is drawn frame by frame, so the stream
    depends on the frames and the seed but not on how the frames are cut into chunks.

    Args:
        intensity_chunks: (t, H, W) of linear light in [0, 1], one frame per step.
        seed: Seed, or seeds, of the initial charge and the temporal noise.

    Yields:
        uint8 array (t, H, W) of 0 and 1 for each chunk.

    Raises:
        ValueError: If a chunk is not 3-D or holds NaN or values outside [0, 1].
    """
    rng = temporal_generator(seed)
    pixels: IdealPixels | NoisyPixels | None = None
    for chunk in intensity_chunks:
        _check_intensity(chunk)
        if pixels is None:
            shape = (chunk.shape[1], chunk.shape[2])
            if camera.noise is None:
                pixels = IdealPixels(camera.gain, camera.v_threshold, shape, rng)
            else:
                exposure = camera.gain / camera.v_threshold
                pixels = NoisyPixels(camera.noise, exposure, camera.sample_rate_hz, shape, rng)
        spikes = np.empty(chunk.shape, np.bool_)
        for intensity, spike_frame in zip(chunk, spikes, strict=True):
            pixels.integrate(intensity, spike_frame)
        yield spikes.view(np.uint8)


def simulate_burst(
    intensity_THW: NDArray[np.float32], camera: SpikeCamera, seed: int | Sequence[int]
) -> NDArray[np.uint8]:
    """One burst from a fresh initial charge, uint8 (T, H, W) of 0 and 1; see `simulate_spikes`.

    Give every burst a seed of its own.
    """
    return next(simulate_spikes([intensity_THW], camera, seed))


def _check_intensity(chunk: NDArray[np.float32]) -> None:
    if chunk.ndim != 3 or chunk.size == 0:
        raise ValueError(f"intensity must be a non-empty (T, H, W) array, not {chunk.shape}")
    low, high = float(chunk.min()), float(chunk.max())
    if not (low >= 0 and high <= 1):  # also catches NaN
        raise ValueError(f"intensity must lie in [0, 1], found [{low:.6g}, {high:.6g}]")

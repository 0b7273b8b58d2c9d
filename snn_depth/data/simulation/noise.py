"""Noise of a spike-camera sensor, relative to the firing threshold.

All charges are in units of the nominal threshold (1 = one spike), so that the model does not
depend on the scale chosen for `v_threshold`.

Provenance of the constants: the circuit measurements behind the SCSim simulator (Hu et al.,
"SCSim: A Realistic Spike Cameras Simulator", arXiv 2405.16790; noise model of "Spike Stream
Denoising via Spike Camera Simulation", arXiv 2304.03129). They are given there as voltages and
capacitances: reset 3.3 V, reference 2.2 V, mean offset -0.0076 V, hence a threshold swing of
1.0924 V; capacitance 4.348, hence a threshold charge Q = 4.348 * 1.0924 = 4.750.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SWING_V = 3.3 - 2.2 - 0.0076
_CAPACITANCE = 4.348
_THRESHOLD_CHARGE = _CAPACITANCE * _SWING_V
# SCSim's charge per 50 us step is 0.05 * current.
_REFERENCE_RATE_HZ = 20000.0
_CHARGE_PER_CURRENT = 0.05


@dataclass(frozen=True)
class SensorNoise:
    """Strength of each noise source of one sensor.

    Attributes:
        response_std: Pixel-to-pixel spread of the light response (PRNU), relative.
        offset_voltage_std: Spread of the comparator's offset voltage, relative to the threshold.
        capacitance_std: Spread of the pixel capacitance, relative.
        dark_rate_hz: Mean spike rate of a pixel in the dark.
        dark_rate_std_hz: Its spread over the pixels.
        threshold_noise_std: Temporal noise of the threshold in each step, relative. (The thermal
            part, 1e-8, is left out.)
        photons_per_spike: Photons that make up one threshold; their shot noise has a variance
            equal to their number. `inf` switches it off.
        reset_time_s: Time in which a pixel is blind after its spike.
        measured_maps: `.npz` with the arrays Nd, Nl, D_light measured on a real sensor, used in
            place of the drawn response, offset and dark rate (see `fixed_pattern`).
        sensor_seed: Chooses the sensor, i.e. the drawn pixel maps. Streams of one sensor share
            it, whatever the seed of their temporal noise.
    """

    response_std: float = 0.0584 / 1.0128
    offset_voltage_std: float = 0.0497 / _SWING_V
    capacitance_std: float = 0.0128 / _CAPACITANCE
    dark_rate_hz: float = 0.4442 * _CHARGE_PER_CURRENT / _THRESHOLD_CHARGE * _REFERENCE_RATE_HZ
    dark_rate_std_hz: float = 0.1731 * _CHARGE_PER_CURRENT / _THRESHOLD_CHARGE * _REFERENCE_RATE_HZ
    threshold_noise_std: float = 0.00636 / _SWING_V
    photons_per_spike: float = 5e4
    reset_time_s: float = 100e-9
    measured_maps: Path | None = None
    sensor_seed: int = 0


def sensor_noise(text: str) -> SensorNoise | None:
    """The noise that a setting names; None for an ideal sensor.

    Args:
        text: none; model (statistics measured on a spike camera); or the path of an `.npz` with
            a sensor's measured maps Nd, Nl, D_light.

    Raises:
        ValueError: If it is none of these.
    """
    if text == "none":
        return None
    if text == "model":
        return SensorNoise()
    if not Path(text).is_file():
        raise ValueError(f"noise must be none, model or an existing .npz file, not {text!r}")
    return SensorNoise(measured_maps=Path(text))


class FixedPattern(NamedTuple):
    """What differs between pixels and stays in time; each float32 of shape (H, W).

    Attributes:
        gain: Light response, 1 = nominal.
        dark_rate_hz: Spike rate in the dark.
        threshold: Firing threshold, 1 = nominal.
    """

    gain: NDArray[np.float32]
    dark_rate_hz: NDArray[np.float32]
    threshold: NDArray[np.float32]


@lru_cache(maxsize=4)
def fixed_pattern(noise: SensorNoise, height: int, width: int) -> FixedPattern:
    """Draw, or read, the pixel maps of one sensor.

    Measured maps follow Zhu et al., "Recurrent Spike-based Image Restoration under General
    Illumination", arXiv 2308.03018: the noisy inter-spike interval is
    D / (Nl + D Nd / (D_light (335 + Nd))) for a clean interval D. In rates (1/D) that is a gain
    Nl and a constant dark rate Nd / (D_light (335 + Nd)) per step of the 20 kHz camera.
    A frame smaller than the maps is taken as the sensor's upper left region.

    Raises:
        ValueError: If the measured maps are no `.npz`, lack an array, or are smaller than the
            frame.
    """
    if noise.measured_maps is not None:
        return _measured_pattern(noise.measured_maps, height, width)
    rng = np.random.default_rng(noise.sensor_seed)

    def normal(mean: float, std: float) -> NDArray[np.float32]:
        # A negative response, rate or threshold has no meaning.
        drawn = mean + std * rng.standard_normal((height, width), dtype=np.float32)
        return np.maximum(drawn, 0, dtype=np.float32)

    # SCSim's mean response 1.0128 is left to the camera's gain.
    return FixedPattern(
        gain=normal(1, noise.response_std),
        dark_rate_hz=normal(noise.dark_rate_hz, noise.dark_rate_std_hz),
        threshold=normal(1, noise.offset_voltage_std) * normal(1, noise.capacitance_std),
    )


def _measured_pattern(path: Path, height: int, width: int) -> FixedPattern:
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not an .npz file")
    with np.load(path) as maps:
        if missing := {"Nd", "Nl", "D_light"} - set(maps.files):
            raise ValueError(f"{path} lacks {sorted(missing)}; it has {sorted(maps.files)}")
        nd, nl, d_light = (maps[name].astype(np.float32) for name in ("Nd", "Nl", "D_light"))
    rows, columns = nd.shape
    if height > rows or width > columns:
        raise ValueError(
            f"noise maps {path} are {rows}x{columns} and cannot cover frames of {height}x{width}"
        )
    region = (slice(height), slice(width))
    dark_rate_hz = nd / (d_light * (335 + nd)) * _REFERENCE_RATE_HZ
    return FixedPattern(nl[region], dark_rate_hz[region], np.ones((height, width), np.float32))


class NoisyPixels:
    """Integrate-and-fire pixels with every noise source of `SensorNoise`.

    One step, in units of the nominal threshold, with light L = g I / theta:

        deposit = gain * (L + sqrt(L / photons) n1) + dark
        A += deposit * (1 - reset_time * rate)      the bracket only after a spike
        spike where A >= theta_t,  theta_t = threshold * (1 + threshold_noise n2)
        A -= theta_t where it spiked

    n1, n2 are standard normal per pixel and step. A bright pixel may collect more than one
    threshold per step; the read-out latches one spike, so the excess is lost.

    Args:
        exposure: g / theta: light per step, in thresholds, at full intensity.
        shape: Height and width.
        rng: Source of the initial phase and the temporal noise, consumed step by step.
    """

    def __init__(
        self,
        noise: SensorNoise,
        exposure: float,
        sample_rate_hz: float,
        shape: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        pattern = fixed_pattern(noise, *shape)
        self._threshold = pattern.threshold
        self._light_gain = np.float32(exposure) * pattern.gain
        self._shot_std = np.float32(np.sqrt(exposure / noise.photons_per_spike)) * pattern.gain
        self._dark = pattern.dark_rate_hz / np.float32(sample_rate_hz)
        self._noise_std = np.float32(noise.threshold_noise_std) * pattern.threshold
        self._blind_fraction = np.float32(noise.reset_time_s * sample_rate_hz)
        self._rng = rng
        self._charge = rng.random(shape, dtype=np.float32) * self._threshold
        self._awake = np.ones(shape, np.float32)
        self._deposit, self._level = np.empty((2, *shape), np.float32)

    def integrate(self, intensity: NDArray[np.float32], spikes: NDArray[np.bool_]) -> None:
        """Advance by one step; `spikes` receives the step's frame. Both (H, W)."""
        deposit, level = self._deposit, self._level
        self._rng.standard_normal(out=level, dtype=np.float32)
        level *= self._shot_std
        level *= np.sqrt(intensity, out=deposit)
        np.multiply(intensity, self._light_gain, out=deposit)
        deposit += level
        deposit += self._dark
        deposit *= self._awake
        self._charge += deposit

        self._rng.standard_normal(out=level, dtype=np.float32)
        level *= self._noise_std
        level += self._threshold
        np.greater_equal(self._charge, level, out=spikes)
        self._charge -= np.multiply(level, spikes, out=level)
        np.minimum(self._charge, self._threshold, out=self._charge)
        np.multiply(spikes, -self._blind_fraction, out=self._awake)
        self._awake += 1


def temporal_generator(seed: int | Sequence[int]) -> np.random.Generator:
    """The generator of phases and temporal noise; SFC64 is numpy's fastest for normals."""
    return np.random.Generator(np.random.SFC64(seed))

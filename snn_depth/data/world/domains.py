"""The domains: distributions of the light, weather and optics of scenes."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Conditions:
    """Light, weather and optics of one scene. Radiance is relative to a white surface in the sun.

    Attributes:
        sun_azimuth_deg: Direction of the sun, from the road's direction to the left.
        sun: Light of the sun on a surface that faces it; black when it is hidden.
        sky: Light of the whole sky on a horizontal surface.
        extinction_per_m: Koschmieder's beta of haze or fog.
        saturation: Colourfulness of surfaces, 1 = as designed.
        albedo_gain: Brightness of surfaces, 1 = as designed.
        wetness: 0 dry .. 1 wet ground, darker and mirroring.
        is_night: Whether lamps, windows and headlights are the light.
        exposure: Mean of the spike camera's intensity, 0..1.
        rgb_exposure: Mean of the linear RGB picture, 0..1.
        tone_curve: 0 clips highlights in RGB, 1 has a camera's S-shaped tone curve.
        blur_px: Standard deviation of the lens blur in pixels.
        rgb_noise: Standard deviation of the RGB camera's noise at mid grey, 0..1.
    """

    sun_elevation_deg: float
    sun_azimuth_deg: float
    sun: Color
    sky: Color
    zenith: Color
    horizon: Color
    cloud_cover: float
    extinction_per_m: float
    airlight: Color
    num_octaves: int = 4
    texture_gain: float = 0.8
    saturation: float = 1.15
    albedo_gain: float = 1.0
    wetness: float = 0.0
    rain_drops: int = 0
    lens_drops: int = 0
    is_night: bool = False
    exposure: float = 0.25
    rgb_exposure: float = 0.22
    tone_curve: float = 0.0
    vignetting: float = 0.0
    blur_px: float = 0.0
    rgb_noise: float = 0.0
    clutter: float = 1.0


def sample_conditions(domain: str, rng: np.random.Generator) -> Conditions:
    """Draw the conditions of one scene of a domain, one of `DOMAINS`."""
    return DOMAINS[domain](rng)


def _clear(rng: np.random.Generator) -> Conditions:
    warm = rng.uniform(0.75, 0.95)
    sun = rng.uniform(1.5, 2.1)
    return Conditions(
        sun_elevation_deg=rng.uniform(28, 65),
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(sun, sun * 0.96, sun * warm),
        sky=(0.55, 0.64, 0.78),
        zenith=(0.20, 0.38, 0.80),
        horizon=(0.75, 0.85, 0.98),
        cloud_cover=rng.uniform(0.0, 0.45),
        extinction_per_m=rng.uniform(0.0008, 0.003),
        airlight=(0.72, 0.82, 0.95),
        exposure=rng.uniform(0.20, 0.30),
        rgb_exposure=rng.uniform(0.20, 0.26),
    )


def _cloudy(rng: np.random.Generator) -> Conditions:
    grey = rng.uniform(0.75, 1.0)
    return Conditions(
        sun_elevation_deg=rng.uniform(30, 60),
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(0.0, 0.0, 0.0),
        sky=(grey, grey * 1.01, grey * 1.04),
        zenith=(0.62 * grey, 0.66 * grey, 0.72 * grey),
        horizon=(0.88 * grey, 0.90 * grey, 0.93 * grey),
        cloud_cover=rng.uniform(0.85, 1.0),
        extinction_per_m=rng.uniform(0.002, 0.006),
        airlight=(0.8 * grey, 0.82 * grey, 0.85 * grey),
        saturation=0.9,
        exposure=rng.uniform(0.17, 0.25),
        rgb_exposure=rng.uniform(0.17, 0.23),
    )


def _fog(rng: np.random.Generator) -> Conditions:
    # Visibility is 3.9 / beta (5 % contrast): 45 m .. 200 m.
    beta = math.exp(rng.uniform(math.log(0.02), math.log(0.085)))
    grey = rng.uniform(0.75, 0.95)
    air = (grey, grey * rng.uniform(0.99, 1.02), grey * rng.uniform(0.99, 1.05))
    return Conditions(
        sun_elevation_deg=45.0,
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(0.0, 0.0, 0.0),
        sky=(0.85, 0.86, 0.88),
        zenith=air,
        horizon=air,
        cloud_cover=0.0,
        extinction_per_m=beta,
        airlight=air,
        saturation=0.8,
        exposure=rng.uniform(0.20, 0.32),
        rgb_exposure=rng.uniform(0.22, 0.32),
    )


def _rain(rng: np.random.Generator) -> Conditions:
    grey = rng.uniform(0.55, 0.8)
    return Conditions(
        sun_elevation_deg=50.0,
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(0.0, 0.0, 0.0),
        sky=(grey, grey * 1.02, grey * 1.06),
        zenith=(0.60 * grey, 0.63 * grey, 0.68 * grey),
        horizon=(0.85 * grey, 0.87 * grey, 0.90 * grey),
        cloud_cover=1.0,
        extinction_per_m=rng.uniform(0.007, 0.02),
        airlight=(0.78 * grey, 0.80 * grey, 0.83 * grey),
        saturation=0.75,
        albedo_gain=0.8,
        wetness=rng.uniform(0.6, 1.0),
        rain_drops=int(rng.integers(60, 160)),
        lens_drops=int(rng.integers(4, 14)),
        blur_px=rng.uniform(0.25, 0.6),
        rgb_noise=0.008,
        exposure=rng.uniform(0.13, 0.22),
        rgb_exposure=rng.uniform(0.15, 0.21),
    )


def _night(rng: np.random.Generator) -> Conditions:
    moon = rng.uniform(0.004, 0.012)
    return Conditions(
        sun_elevation_deg=50.0,
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(0.0, 0.0, 0.0),
        sky=(moon, moon * 1.1, moon * 1.4),
        zenith=(0.002, 0.003, 0.006),
        horizon=(0.016, 0.014, 0.014),
        cloud_cover=rng.uniform(0.0, 0.8),
        extinction_per_m=rng.uniform(0.002, 0.006),
        airlight=(0.012, 0.011, 0.011),
        is_night=True,
        exposure=rng.uniform(0.035, 0.07),
        rgb_exposure=rng.uniform(0.07, 0.12),
        rgb_noise=0.025,
    )


def _realistic(rng: np.random.Generator) -> Conditions:
    low = rng.random() < 0.5  # a low warm sun, or hazy light
    sun = rng.uniform(1.8, 2.8) if low else rng.uniform(0.3, 1.5)
    warmth = rng.uniform(0.55, 0.8) if low else rng.uniform(0.8, 0.95)
    haze = rng.uniform(0.7, 0.95)
    return Conditions(
        sun_elevation_deg=rng.uniform(14, 50),
        sun_azimuth_deg=rng.uniform(-180, 180),
        sun=(sun, sun * (0.5 + warmth / 2), sun * warmth),
        sky=(0.45, 0.5, 0.58),
        zenith=(0.30, 0.42, 0.62),
        horizon=(haze, haze * 0.98, haze * 0.94),
        cloud_cover=rng.uniform(0.3, 0.95),
        extinction_per_m=rng.uniform(0.0015, 0.005),
        airlight=(haze * 0.85, haze * 0.85, haze * 0.85),
        num_octaves=5,
        texture_gain=1.4,
        saturation=rng.uniform(0.5, 0.75),
        albedo_gain=0.75,
        exposure=rng.uniform(0.16, 0.30),
        rgb_exposure=rng.uniform(0.15, 0.24),
        tone_curve=1.0,
        vignetting=rng.uniform(0.25, 0.5),
        blur_px=rng.uniform(0.35, 0.7),
        rgb_noise=rng.uniform(0.008, 0.02),
        clutter=1.8,
    )


DOMAINS: dict[str, Callable[[np.random.Generator], Conditions]] = {
    "clear": _clear,
    "cloudy": _cloudy,
    "fog": _fog,
    "rain": _rain,
    "night": _night,
    "realistic": _realistic,
}

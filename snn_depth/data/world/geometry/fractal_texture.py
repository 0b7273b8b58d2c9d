"""Fractal textures and periodic patterns, filtered to the size of a pixel's footprint."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_CELLS = 32
_SAMPLES_PER_CELL = 8
# Ratio of wavelengths and of amplitudes from one octave to the next.
LACUNARITY = 2.17
PERSISTENCE = 0.85


@lru_cache(maxsize=2)
def noise_table(device: str = "cpu") -> Tensor:
    """One period of smooth noise with zero mean and unit variance.

    White noise, band limited around one cycle per two cells: an octave that overlaps little with
    its neighbours and is sampled finely enough for bilinear look-up. The last row and column
    repeat the first: (1, 1, S, S) with S = `_CELLS` * `_SAMPLES_PER_CELL` + 1.
    """
    size = _CELLS * _SAMPLES_PER_CELL
    spectrum = np.fft.fft2(np.random.default_rng(0).standard_normal((size, size)))
    cycles = np.fft.fftfreq(size, 1 / size)  # per table
    squared = (np.square(cycles)[:, None] + np.square(cycles)) / (_CELLS / 2) ** 2
    noise = np.fft.ifft2(spectrum * squared * np.exp(-squared)).real
    noise = noise / noise.std()
    return torch.from_numpy(np.pad(noise, (0, 1), mode="wrap")).float()[None, None].to(device)


def fractal_noise(
    u_m: Tensor, v_m: Tensor, length_m: Tensor, footprint_m: Tensor, num_octaves: int
) -> Tensor:
    """Sum of octaves of noise; an octave fades out as its waves shrink to two footprints.

    Tensors are (N,). The sum has zero mean, and about unit variance where no octave is faded.
    `length_m` is the wavelength of the first octave, `footprint_m` a pixel's size on the surface.
    """
    table = noise_table(str(u_m.device))
    total = torch.zeros_like(u_m)
    power = 0.0
    for octave in range(num_octaves):
        wavelength_m = length_m * LACUNARITY**-octave
        amplitude = PERSISTENCE**octave
        power += amplitude * amplitude
        visible = (wavelength_m / footprint_m / 2 - 1).clamp(0, 1)
        # Half a wave per cell; the shift keeps the octaves' lattices apart.
        scale = 2 / wavelength_m / _CELLS
        grid = torch.stack([u_m * scale + 0.37 * octave, v_m * scale + 0.71 * octave], dim=-1)
        grid = (grid - grid.floor()) * 2 - 1
        sampled = F.grid_sample(table, grid[None, None], align_corners=True)[0, 0, 0]
        total += amplitude * visible * sampled
    return total / power**0.5


def covered_share(x_m: Tensor, period_m: Tensor, share: Tensor, width_m: Tensor) -> Tensor:
    """Share of an interval that a periodic pattern of stripes covers, exactly; 0..1, (N,).

    Stripes are centred at (k + 1/2) * period. The integral of the pattern up to x is known in
    closed form, so its mean over the interval needs no sampling ("filtered pulse train",
    Ebert et al., Texturing and Modeling, 2nd ed., ch. 2).

    The interval has its centre at `x_m` and a width of `width_m`; `share` is a stripe's width as a
    share of the period.
    """

    def integral(x: Tensor) -> Tensor:
        whole = x.floor()
        return whole * share + (x - whole - (1 - share) / 2).clamp(min=0).minimum(share)

    half = (width_m / period_m / 2).clamp(min=1e-3)
    x = x_m / period_m
    return (integral(x + half) - integral(x - half)) / (2 * half)


def cell_random(u_cell: Tensor, v_cell: Tensor, salt: Tensor) -> Tensor:
    """A number in [0, 1) for each cell of a pattern, e.g. how bright one window is.

    `salt` tells objects apart. All tensors are (N,).
    """
    mixed = (u_cell.long() * 73856093) ^ (v_cell.long() * 19349663) ^ (salt.long() * 83492791)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    return ((mixed >> 8) & 0xFFFF).float() / 65536

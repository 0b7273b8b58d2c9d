"""How far a figure can be trusted: draws of all constants at once, and one constant at a time.

A model is a function from the values of constants to a number. It is called with columns (draws,
1), which broadcast with samples (B,), and returns one number per draw. A figure that compares two
networks is one model, so that both see the same draw; draws depend on the seed and the constant's
name alone, so separate figures that share constants are paired as well.

Ranges tell nothing about shape; they are taken as log-uniform. What the equations leave out is not
in these intervals; only a case that has been measured tells of it.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hardware.energy.constant import Amount, Constant, FloatArray, Values, nominal_values

Model = Callable[[Values], Amount]

# Draws at a time: a model may make large arrays (draws, samples).
_CHUNK = 256


@dataclass(frozen=True)
class Interval:
    """An interval, such as the one from the 5th to the 95th percentile."""

    low: float
    high: float

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high


@dataclass(frozen=True)
class Swing:
    """What one constant does to a figure, all others nominal."""

    constant: str
    at_low: float
    at_high: float

    @property
    def swing(self) -> float:
        """Length of the bar in a tornado plot."""
        return abs(self.at_high - self.at_low)


def draw_constants(
    constants: Mapping[str, Constant], num_draws: int, seed: int
) -> dict[str, FloatArray]:
    """Draw constants, log-uniform between their low and high ends: (num_draws, 1) by name.

    Those that vary with the same cause lie at the same place of their ranges in every draw; all
    others are independent of each other.

    Same seed and name, same draws, whatever other constants there are.
    """
    if num_draws < 1:
        raise ValueError(f"num_draws is {num_draws}; accepted: 1 or more")
    draws = {}
    for name, constant in constants.items():
        cause = constant.varies_with or name
        generator = np.random.default_rng([seed, zlib.crc32(cause.encode())])
        low, high = np.log(constant.low), np.log(constant.high)
        places = generator.uniform(size=(num_draws, 1))
        draws[name] = np.clip(np.exp(low + places * (high - low)), constant.low, constant.high)
    return draws


def monte_carlo(
    model: Model, constants: Mapping[str, Constant], num_draws: int = 2000, seed: int = 0
) -> FloatArray:
    """The figure for many draws of all constants.

    Raises:
        ValueError: For a model that does not return one number per draw.
    """
    draws = draw_constants(constants, num_draws, seed)
    chunks = []
    for start in range(0, num_draws, _CHUNK):
        part = {name: column[start : start + _CHUNK] for name, column in draws.items()}
        chunks.append(_run(model, part, min(_CHUNK, num_draws - start)))
    return np.concatenate(chunks)


def tornado(model: Model, constants: Mapping[str, Constant]) -> list[Swing]:
    """The figure with one constant at a time at either end of its range.

    Constants that vary with the same cause go to their ends together, under its name.

    The widest swing comes first.
    """
    if not constants:
        return []
    causes = list(dict.fromkeys(c.varies_with or name for name, c in constants.items()))
    num_rows = 2 * len(causes)
    columns = {
        name: np.full((num_rows, 1), value) for name, value in nominal_values(constants).items()
    }
    for name, constant in constants.items():
        index = causes.index(constant.varies_with or name)
        columns[name][2 * index : 2 * index + 2, 0] = constant.low, constant.high
    figures = _run(model, columns, num_rows).reshape(-1, 2)
    swings = [Swing(name, *map(float, pair)) for name, pair in zip(causes, figures, strict=True)]
    return sorted(swings, key=lambda swing: (-swing.swing, swing.constant))


def percentile_interval(figures: FloatArray, level: float = 0.9) -> Interval:
    """The middle part of many figures.

    Args:
        level: Share of them that lies inside; 0.9 from the 5th to the 95th percentile.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; accepted: between 0 and 1")
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def bootstrap_mean(
    figures_B: FloatArray,
    groups_B: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a mean over samples that come in groups.

    Frames of a scene are alike, so scenes are drawn (with replacement), not frames.
    """
    ones = np.ones_like(figures_B, np.float64)
    return bootstrap_ratio(
        figures_B, ones, groups_B, num_resamples=num_resamples, level=level, seed=seed
    )


def bootstrap_ratio(
    numerator_B: FloatArray,
    denominator_B: FloatArray,
    groups_B: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a ratio of sums over the same samples, which come in groups."""
    shapes = [np.shape(array) for array in (numerator_B, denominator_B, groups_B)]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise ValueError(f"the arrays have shapes {shapes}; accepted: the same (B,) for all")
    names, group_of_sample = np.unique(groups_B, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"there are {len(names)} groups; accepted: 2 or more")
    sums = np.stack([np.bincount(group_of_sample, part) for part in (numerator_B, denominator_B)])
    generator = np.random.default_rng(seed)
    times_drawn = generator.multinomial(
        len(names), np.full(len(names), 1 / len(names)), num_resamples
    )
    numerators, denominators = sums @ times_drawn.T
    return percentile_interval(numerators / denominators, level)


def _run(model: Model, columns: Mapping[str, FloatArray], num_rows: int) -> FloatArray:
    figures = np.asarray(model(columns), np.float64)
    if figures.shape == ():  # it rests on none of these constants
        return np.full(num_rows, float(figures))
    if figures.shape not in ((num_rows,), (num_rows, 1)):
        raise ValueError(
            f"the model returned shape {figures.shape} for {num_rows} draws; accepted: one number "
            "per draw, so average over samples (the last axis) first"
        )
    return figures.reshape(num_rows)

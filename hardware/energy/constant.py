"""Constants that a model rests on: each with its range, its source, and how good the evidence is.

They are kept in `constants/*.toml`, one set per file. A term without a constant is not priced.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from hardware.toml_file import find_toml, names_in, read_toml

FOLDER = Path(__file__).parents[1] / "constants"

Grade = Literal["measured", "fitted", "simulated", "derived", "uncited"]
FloatArray = npt.NDArray[np.float64]
# A number, or one number per draw of the constants, as a column (draws, 1) beside samples (B,).
Amount = float | FloatArray
Values = Mapping[str, Amount]

_NEEDED = ("value", "low", "high", "unit", "source", "grade")
_OPTIONAL = ("note", "varies_with")


@dataclass(frozen=True)
class Constant:
    """A positive number and what is known about it.

    Attributes:
        source: Where it is from. A number that was read in another work than the one that gave it
            first names both.
        grade: Of the nominal value: "measured" on silicon; "fitted", so that a model agrees with
            measurements; "simulated" before there was silicon; "derived" from other figures;
            "uncited", recalled or quoted without evidence that could be looked at.
        varies_with: What makes it lie high or low in its range, where that is common to several
            constants: they are then high or low together. Empty for a cause of its own.
    """

    value: float
    low: float
    high: float
    unit: str
    source: str
    grade: Grade
    note: str = ""
    varies_with: str = ""

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            if not is_number or not math.isfinite(number) or number <= 0:
                raise ValueError(f"{name} is {number!r}; accepted: positive numbers")
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"value {self.value} is not between low {self.low} and high {self.high}"
            )
        for name in ("unit", "source"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{name} is {text!r}; accepted: a text that is not empty")
        if self.grade not in get_args(Grade):
            raise ValueError(f"grade is {self.grade!r}; accepted: {', '.join(get_args(Grade))}")


@dataclass(frozen=True)
class ConstantSet:
    """Constants that belong together."""

    name: str
    title: str
    constants: Mapping[str, Constant]
    calibrated_on: str | None = None

    @property
    def values(self) -> dict[str, Amount]:
        """Nominal values by name."""
        return nominal_values(self.constants)

    @property
    def caveat(self) -> str:
        """What a report has to say beside a figure of this set; empty for nothing."""
        if self.calibrated_on is None:
            return ""
        return f"calibrated on {self.calibrated_on}: agreement there is no evidence"


def nominal_values(constants: Mapping[str, Constant]) -> dict[str, Amount]:
    """Nominal values."""
    return {name: constant.value for name, constant in constants.items()}


def constant_set_names() -> list[str]:
    """Sets that `load_constants` knows."""
    return names_in(FOLDER)


def load_constants(name: str | Path) -> ConstantSet:
    """Read a set of constants.

    Args:
        name: One of `constant_set_names`, or a file of your own (*.toml): a "title", and a table
            per constant with value, low, high, unit, source, grade and, if need be, a note.

    Raises:
        ValueError: For an unknown set, or an entry that is no `Constant`.
    """
    path = find_toml(name, FOLDER, f"constants {str(name)!r} are")
    content = read_toml(path)
    title = content.pop("title", None)
    calibrated_on = content.pop("calibrated_on", None)
    if not isinstance(title, str) or not isinstance(calibrated_on, str | None):
        raise ValueError(f"{path}: title, and calibrated_on where it is given, have to be texts")
    constants = {key: _read(path, key, entry) for key, entry in content.items()}
    if not constants:
        raise ValueError(f"{path} holds no constants")
    return ConstantSet(path.stem, title, constants, calibrated_on)


def _read(path: Path, key: str, entry: Any) -> Constant:
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: {key!r} is {entry!r}; accepted: a table with {_NEEDED}")
    missing = [name for name in _NEEDED if name not in entry]
    unknown = sorted(entry.keys() - {*_NEEDED, *_OPTIONAL})
    if missing or unknown:
        raise ValueError(
            f"{path}: {key!r} lacks {missing} and has unknown {unknown}; accepted: "
            f"{', '.join((*_NEEDED, *_OPTIONAL))}"
        )
    try:
        return Constant(**entry)
    except ValueError as error:
        raise ValueError(f"{path}: {key!r}: {error}") from error

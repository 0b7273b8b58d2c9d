"""Energy, split into the terms it comes from: what every model here returns.

Shape suffix: B samples. Where a model was given many draws of its constants as a column, there is
an axis of draws before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from hardware.energy.constant import Amount, FloatArray


@dataclass(frozen=True, eq=False)
class EnergyBreakdown:
    """Energy of a layer, or of a whole, per sample: terms (..., B) in pJ."""

    name: str
    terms_pj: Mapping[str, FloatArray]

    @property
    def total_pj(self) -> FloatArray:
        """Sum of the terms, shape (..., B), in pJ."""
        total: FloatArray = reduce(np.add, self.terms_pj.values())
        return total


def breakdown(name: str, terms_pj: Mapping[str, Amount], num_samples: int) -> EnergyBreakdown:
    """A breakdown whose terms, which broadcast with (B,), all have one entry per sample."""
    none_B = np.zeros(num_samples)
    return EnergyBreakdown(name, {term: none_B + energy for term, energy in terms_pj.items()})


def add_up(name: str, parts: Sequence[EnergyBreakdown]) -> EnergyBreakdown:
    """The sum, term by term, of parts of the same samples and terms."""
    terms = {
        term: reduce(np.add, (part.terms_pj[term] for part in parts)) for term in parts[0].terms_pj
    }
    return EnergyBreakdown(name, terms)

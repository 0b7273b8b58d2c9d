"""Firing rates above which, as published, a spiking network costs more than a conventional one.

They rest on assumptions that differ from ours and from each other. A report prints them beside its
own break-even rates, never instead of them.
"""

from dataclasses import dataclass
from typing import Literal

RateUnit = Literal[
    "spikes per neuron and inference",
    "spikes per synapse and inference",
    "spikes per neuron and step",
]


@dataclass(frozen=True)
class PublishedThreshold:
    """A threshold, or a range of thresholds.

    Attributes:
        low: Below it a spiking network wins.
        high: Above it a spiking network loses.
    """

    name: str
    low: float
    high: float
    unit: RateUnit
    condition: str
    source: str

    def verdict(self, rate: float) -> Literal["below", "within", "above"]:
        """Where a rate lies."""
        if rate < self.low:
            return "below"
        return "above" if rate > self.high else "within"


PUBLISHED_THRESHOLDS = (
    PublishedThreshold(
        "Davidson & Furber 2021",
        1.72,
        1.72,
        "spikes per neuron and inference",
        "22FDX; additions of 32 bit against multiply-accumulates of 32 x 8 bit, memory included",
        "Front. Neurosci. 15:651141, read in secondary notes, one of which quotes '12E/7E or 1.72' "
        "(12/7 is 1.714)",
    ),
    PublishedThreshold(
        "Dampfhoffer et al. 2023",
        0.15,
        1.38,
        "spikes per synapse and inference",
        "neurons without a leak; where in the range depends on the conventional machine",
        "IEEE TETCI 7(3):731, abstract",
    ),
    PublishedThreshold(
        "Yan et al. 2026",
        0.057,
        0.057,
        "spikes per neuron and step",
        "T = 5; against activations of ceil(log2(T + 1)) bits; 3.41 to 10.80 % when the energies "
        "of moving data and weights are varied by half",
        "arXiv 2409.08290 v4, abstract; the variation read in a secondary note",
    ),
)

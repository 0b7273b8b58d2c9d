"""Energy of a neuromorphic chip: its events, each with its price, and static power.

    E = synops e_synop + updates e_update + spikes e_spike + messages e_message
        + hops_x e_hop_x + hops_y e_hop_y + P_static t chips

Prices are sets of constants (`davies2018`, `sanafe_loihi`, `keras_spiking_loihi`,
`loihi2_pilotnet`), which do not all price the same events.
"""

from dataclasses import dataclass, fields

import numpy as np

from hardware.energy.constant import Amount, FloatArray, Values
from hardware.energy.energy_breakdown import EnergyBreakdown, breakdown

_PJ_PER_WATT_AND_MICROSECOND = 1e6

# Events -> term of the breakdown, and the constants that can price them, the most special first.
_PRICES = {
    "synops_dense": ("synops", ("synop_dense_pj", "synop_pj")),
    "synops_conv": ("synops", ("synop_conv_pj", "synop_pj")),
    "updates": ("updates", ("update_pj",)),
    "spikes": ("spikes", ("spike_pj",)),
    "messages": ("messages", ("message_pj",)),
    "hops_x": ("hops", ("hop_x_pj",)),
    "hops_y": ("hops", ("hop_y_pj",)),
}


@dataclass(frozen=True, eq=False)
class ChipEvents:
    """What happened on the chips, per sample: numbers, or arrays of shape (B,)."""

    synops_dense: Amount
    synops_conv: Amount
    updates: Amount
    spikes: Amount
    messages: Amount = 0.0
    hops_x: Amount = 0.0
    hops_y: Amount = 0.0

    def __post_init__(self) -> None:
        for name, count in self.by_name.items():
            if not np.all(np.isfinite(count) & (count >= 0)):
                raise ValueError(f"{name} holds {np.min(count)}; accepted: 0 or more")

    @property
    def by_name(self) -> dict[str, FloatArray]:
        """Counts as arrays."""
        return {f.name: np.asarray(getattr(self, f.name), np.float64) for f in fields(self)}


@dataclass(frozen=True, eq=False)
class ChipEnergy(EnergyBreakdown):
    """Energy of the chips per sample.

    `unpriced` names what happened but has no price in the constants; it is missing in the total.
    """

    unpriced: tuple[str, ...] = ()

    @property
    def dynamic_pj(self) -> FloatArray:
        """Without static power, shape (..., B), in pJ."""
        return self.total_pj - self.terms_pj["static"]


def chip_energy(
    events: ChipEvents, values: Values, *, duration_us: Amount = 0.0, num_chips: int = 1
) -> ChipEnergy:
    """Energy of the events, and of the chips' static power.

    Args:
        values: Prices, and the static power `static_power_w`.
        duration_us: Time that a sample takes the chips; 0 leaves static power out.
    """
    counts = events.by_name
    num_samples = max(np.size(count) for count in counts.values())
    terms: dict[str, Amount] = dict.fromkeys(
        [*(term for term, _ in _PRICES.values()), "static"], 0.0
    )
    unpriced = []
    for name, (term, keys) in _PRICES.items():
        key = next((key for key in keys if key in values), None)
        if key is not None:
            terms[term] = terms[term] + counts[name] * values[key]
        elif np.any(counts[name] > 0):
            unpriced.append(name)
    if "static_power_w" in values:
        terms["static"] = static_energy_pj(values["static_power_w"], duration_us, num_chips)
    elif np.any(np.asarray(duration_us) > 0):
        unpriced.append("static power")
    energy = breakdown("chip", terms, num_samples)
    return ChipEnergy(energy.name, energy.terms_pj, tuple(unpriced))


def static_energy_pj(power_w: Amount, duration_us: Amount, num_chips: int) -> Amount:
    """Energy of static power, in pJ."""
    return power_w * duration_us * (num_chips * _PJ_PER_WATT_AND_MICROSECOND)

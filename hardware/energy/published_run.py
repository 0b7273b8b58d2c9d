"""A published measurement of a chip, and how far each model is from it.

Constants are of other chips, or simulated, or fitted on the measurement itself. The residual of
every set stands in every report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hardware.energy.constant import Amount, Constant, ConstantSet, Values, nominal_values
from hardware.energy.energy_events import ChipEvents, chip_energy
from hardware.energy.uncertainty import Interval, Model, monte_carlo, percentile_interval


@dataclass(frozen=True)
class PublishedRun:
    """A network whose run on a chip was measured and published.

    Energies and times are per step; `caveat` says why a model may differ for reasons of its own.
    """

    name: str
    chip: str
    source: str
    num_steps: int
    dynamic_uj: float
    total_uj: float
    step_us: float
    cores: tuple[int, ...]
    caveat: str


PILOTNET_LIF = PublishedRun(
    name="PilotNet-LIF",
    chip="Loihi 2 (Oheo Gulch, one chip)",
    source="lava-dl, tutorials/lava/lib/dl/netx/pilotnet_snn/benchmark.ipynb, its stored outputs",
    num_steps=16,
    dynamic_uj=68.3,
    total_uj=103.8,
    step_us=152.8,
    cores=(13, 25, 13, 3, 3, 2, 12, 1, 1, 1),
    caveat="the spikes are those of lava-dl's unit test, which need not be the benchmark's image; "
    "constants are of Loihi 1 unless a set says otherwise; one measurement, one network",
)


@dataclass(frozen=True)
class EnergyResidual:
    """What a set of constants predicts for a published run.

    Attributes:
        interval_uj: From the 5th to the 95th percentile over its constants.
        residual: Predicted over measured, less one.
    """

    constants: str
    title: str
    predicted_uj: float
    interval_uj: Interval
    residual: float
    measured_is_inside: bool
    caveat: str
    unpriced: tuple[str, ...]


def residual_of(
    run: PublishedRun, name: str, title: str, model: Model, constants: Mapping[str, Constant]
) -> EnergyResidual:
    """How far a model of an inference's energy, in pJ, is from the measured one."""

    def step_uj(values: Values) -> Amount:
        return model(values) / 1e6 / run.num_steps

    predicted = float(np.squeeze(step_uj(nominal_values(constants))))
    interval = percentile_interval(monte_carlo(step_uj, constants))
    return EnergyResidual(
        name,
        title,
        predicted,
        interval,
        predicted / run.dynamic_uj - 1,
        run.dynamic_uj in interval,
        "",
        (),
    )


def energy_residuals(
    run: PublishedRun, events: ChipEvents, sets: Sequence[ConstantSet]
) -> list[EnergyResidual]:
    """Predictions of the dynamic energy."""
    found = []
    for constants in sets:

        def dynamic_pj(values: Values) -> Amount:
            mean: Amount = chip_energy(events, values).dynamic_pj.mean(-1)
            return mean

        residual = residual_of(
            run, constants.name, constants.title, dynamic_pj, constants.constants
        )
        unpriced = chip_energy(events, constants.values).unpriced
        found.append(replace(residual, caveat=constants.caveat, unpriced=unpriced))
    return found

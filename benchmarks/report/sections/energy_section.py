"""Energy, one table per model: figures of different models never share a column."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.numbers import interval, short
from benchmarks.report.plots import distribution_plot, stacked_plot, tornado_plot
from benchmarks.study.compared_network import Measured
from benchmarks.study.comparison import NOMINAL_REUSE, REUSE, Comparison
from hardware.cores.chip_events import chip_events
from hardware.energy.constant import Amount, ConstantSet, Values, load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_breakdown import EnergyBreakdown
from hardware.energy.energy_comparison import EnergyRatio, energy_ratio
from hardware.energy.energy_events import chip_energy, static_energy_pj
from hardware.energy.energy_memory import ann_energy, network_energy, snn_energy
from hardware.energy.energy_naive import LABEL, naive_energy_pj
from hardware.energy.uncertainty import Model, monte_carlo, percentile_interval, tornado
from snn_depth.command.table import Table

# rho: what the machine does with a membrane at every event that reaches it.
RHO = {1.0: "read and written per event", 0.0: "sums in registers, applied per step"}
_TORNADO_BARS = 12


def memory_energy(
    measured: Measured, machine: SnnMachine | AnnMachine, values: Values
) -> EnergyBreakdown:
    """Energy of a whole network under the memory-inclusive model, per sample."""
    if isinstance(machine, SnnMachine):
        return network_energy(snn_energy(measured.counts, machine, values, pipelined=True))
    return network_energy(ann_energy(measured.counts, machine, values))


def mean_energy(measured: Measured, machine: SnnMachine | AnnMachine) -> Model:
    """Mean energy as a function of the constants."""

    def model(values: Values) -> Amount:
        mean: Amount = memory_energy(measured, machine, values).total_pj.mean(-1)
        return mean

    return model


def comparison_ratio(
    comparison: Comparison,
    baseline: Measured,
    reuse: float = NOMINAL_REUSE,
    potential_accesses_per_synop: float = 1.0,
) -> EnergyRatio:
    """Energy of the spiking network over that of a quantised one.

    Args:
        reuse: Of the conventional machine.
        potential_accesses_per_synop: rho of the spiking one, see `SnnMachine`.
    """
    machine = replace(
        comparison.snn_machine, potential_accesses_per_synop=potential_accesses_per_synop
    )
    return energy_ratio(
        mean_energy(comparison.snn, machine),
        mean_energy(baseline, comparison.ann_machine(baseline, reuse)),
        comparison.arithmetic.constants,
    )


def energy_section(comparison: Comparison) -> Section:
    """All models."""
    naive_table, naive = _naive(comparison)
    memory_blocks, memory = _memory(comparison)
    chip_table, chip = _chip(comparison)
    blocks: list[Text | Table | Picture] = [
        Text(
            "All energies of this section are modelled, none is measured. A, B and C rest on "
            "different assumptions and must not be compared with each other.",
            "note",
        ),
        naive_table,
        *memory_blocks,
        chip_table,
    ]
    data = {"naive": naive, "memory_inclusive": memory, "chip": chip}
    return Section("energy", "Energy by model", blocks, data)


def _naive(comparison: Comparison) -> tuple[Table, list[dict[str, Any]]]:
    values = comparison.arithmetic.values
    rows, data = [], []
    for measured in comparison.networks:
        entry: dict[str, Any] = {"name": measured.network.name}
        for arithmetic in ("fp32", "int8"):
            energy = naive_energy_pj(measured.counts, arithmetic, values, skips_zeros=False)
            entry[f"{arithmetic}_uj"] = float(energy.mean()) / 1e6
        data.append(entry)
        rows.append([entry["name"], short(entry["fp32_uj"]), short(entry["int8_uj"])])
    table = Table(
        "A. Naive 45 nm, uJ per inference",
        ["network", "fp32", "int8"],
        rows,
        f"{LABEL[0].upper()}{LABEL[1:]}. See the validation for how far these figures are from the "
        "one chip measurement that is public. They are here because other papers print them, and "
        "for nothing else.",
    )
    return table, data


def _memory(comparison: Comparison) -> tuple[list[Text | Table | Picture], dict[str, Any]]:
    constants = comparison.arithmetic
    rows, data = [], []

    def add(name: str, how: str, measured: Measured, machine: SnnMachine | AnnMachine) -> None:
        energy_B = memory_energy(measured, machine, constants.values).total_pj / 1e6
        draws = monte_carlo(mean_energy(measured, machine), constants.constants) / 1e6
        found = percentile_interval(draws)
        p5, p95 = np.quantile(energy_B, [0.05, 0.95])
        rows.append(
            [
                name,
                how,
                short(float(energy_B.mean())),
                interval(found),
                f"{short(float(p5), 2)} to {short(float(p95), 2)}",
            ]
        )
        data.append(
            {
                "name": name,
                "machine": asdict(machine),
                "mean_uj": float(energy_B.mean()),
                "constants_interval_uj": [found.low, found.high],
                "samples_p5_p95_uj": [float(p5), float(p95)],
            }
        )

    machine = comparison.snn_machine
    name = comparison.snn.network.name
    add(name, "memories of its cores", comparison.snn, machine)
    add(name, "memories of whole layers", comparison.snn, replace(machine, cores={}))
    registers = replace(machine, potential_accesses_per_synop=0.0)
    add(name, "cores, sums in registers (a bound)", comparison.snn, registers)
    for measured in comparison.quantized:
        for reuse in REUSE:
            how = f"reuse {reuse:g}"
            add(measured.network.name, how, measured, comparison.ann_machine(measured, reuse))
        skipping = comparison.ann_machine(measured, skips_zeros=True)
        how = f"reuse {NOMINAL_REUSE:g}, zeros skipped"
        add(measured.network.name, how, measured, skipping)
    blocks: list[Text | Table | Picture] = [
        Table(
            "B. Memory-inclusive digital machine, uJ per inference",
            ["network", "machine", "mean", "5-95 % over constants", "5-95 % of samples"],
            rows,
            "After Lemaire et al. 2022 with Horowitz's 45 nm constants. The spiking network has "
            "the small local memories of the cores that it is mapped to, the conventional one a "
            "memory of its own size for every array. Reuse: multiplications for which the "
            "conventional machine uses a number that it has read; the published model has 1, "
            "which favours spikes. "
            "Floating-point networks are not priced: the machines compute with integers.",
        )
    ]
    ratios, more = _ratios(comparison)
    blocks += ratios
    return blocks, {"rows": data, **more}


def _ratios(comparison: Comparison) -> tuple[list[Text | Table | Picture], dict[str, Any]]:
    baseline = comparison.baseline
    if baseline is None:
        return [], {"ratios": None}
    rows, data = [], []
    for rho, how in RHO.items():
        for reuse in REUSE:
            ratio = comparison_ratio(comparison, baseline, reuse, rho)
            rows.append(
                [
                    how,
                    f"{reuse:g}",
                    short(ratio.median),
                    interval(ratio.interval),
                    short(ratio.nominal),
                    "yes" if ratio.is_decided else "no: it spans 1",
                ]
            )
            data.append(
                {
                    "reuse": reuse,
                    "potential_accesses_per_synop": rho,
                    "nominal": ratio.nominal,
                    "median": ratio.median,
                    "interval": [ratio.interval.low, ratio.interval.high],
                    "is_decided": ratio.is_decided,
                }
            )
    blocks: list[Text | Table | Picture] = [
        Table(
            f"Energy of the spiking network over that of {baseline.network.name}",
            ["membranes", "reuse", "median", "5-95 % over constants", "at 45 nm", "decided"],
            rows,
            "Both networks at the same draw of all constants, on the same samples; the process "
            "node is one draw for all of them. Of the 7 nm ends of the ranges most are recalled, "
            "not seen in print (see Constants). Whether the machine reads and writes a membrane "
            "for every event is not a constant but a design, so both ends are shown.",
        )
    ]
    blocks += _plots(comparison, baseline)
    return blocks, {"ratios": data, "baseline": baseline.network.name}


def _plots(comparison: Comparison, baseline: Measured) -> list[Picture]:
    values, constants = comparison.arithmetic.values, comparison.arithmetic.constants
    ann_machine = comparison.ann_machine(baseline)
    bars = {}
    distributions = {}
    for measured, machine in ((comparison.snn, comparison.snn_machine), (baseline, ann_machine)):
        energy = memory_energy(measured, machine, values)
        name = measured.network.name
        bars[name] = {term: float(pj.mean()) / 1e6 for term, pj in energy.terms_pj.items()}
        distributions[name] = (measured.network.kind, energy.total_pj / 1e6)
    layers = snn_energy(comparison.snn.counts, comparison.snn_machine, values, pipelined=True)
    by_layer = {
        e.name: {term: float(pj.mean()) / 1e6 for term, pj in e.terms_pj.items()} for e in layers
    }
    snn, ann = (
        mean_energy(comparison.snn, comparison.snn_machine),
        mean_energy(baseline, ann_machine),
    )
    found = tornado(lambda v: snn(v) / ann(v), constants)[:_TORNADO_BARS]
    swings = [swing for swing in found if swing.swing > 0]
    nominal = float(np.squeeze(np.asarray(snn(values)) / np.asarray(ann(values))))
    return [
        Picture(
            "terms",
            stacked_plot(bars, unit="uJ per inference"),
            f"Where the energy goes: memory-inclusive, reuse {NOMINAL_REUSE:g}.",
        ),
        Picture(
            "terms_by_layer",
            stacked_plot(by_layer, unit="uJ per inference"),
            "The same for the layers of the spiking network.",
        ),
        Picture(
            "tornado",
            tornado_plot(
                [(s.constant, s.at_low, s.at_high) for s in swings],
                nominal=nominal,
                label="SNN / ANN",
            ),
            "The ratio with one constant at a time at an end of its range. Nominal values of 45 nm "
            "are the upper ends: newer processes are cheaper.",
        ),
        Picture(
            "distribution",
            distribution_plot(distributions),
            "Energy from sample to sample. A dense machine takes the same for every picture.",
        ),
    ]


def _chip(comparison: Comparison) -> tuple[Table, list[dict[str, Any]]]:
    pipelined = chip_events(comparison.snn.counts, comparison.chip_run.traffic, pipelined=True)
    isolated = chip_events(comparison.snn.counts, comparison.chip_run.traffic, pipelined=False)
    num_chips = comparison.chip_run.core_map.num_chips
    static_uj = static_energy_uj(comparison)
    static = (
        "not priced" if static_uj is None else f"{short(static_uj[0])} to {short(static_uj[1])}"
    )
    rows, data = [], []
    for constants in map(load_constants, comparison.chip.energy_sets):
        energy = chip_energy(pipelined, constants.values)
        mean_uj = float(energy.dynamic_pj.mean()) / 1e6
        isolated_uj = float(chip_energy(isolated, constants.values).dynamic_pj.mean()) / 1e6
        draws = monte_carlo(_dynamic_model(pipelined), constants.constants) / 1e6
        found = percentile_interval(draws)
        unpriced = f"not priced: {', '.join(energy.unpriced)}" if energy.unpriced else ""
        rows.append(
            [
                constants.title,
                short(mean_uj),
                interval(found, 3),
                short(isolated_uj),
                _shares(energy.terms_pj, mean_uj),
                static,
                _grades(constants),
                "; ".join(filter(None, [constants.caveat, unpriced])),
            ]
        )
        data.append(
            {
                "constants": constants.name,
                "dynamic_uj": mean_uj,
                "interval_uj": [found.low, found.high],
                "dynamic_alone_uj": isolated_uj,
                "terms_uj": {t: float(pj.mean()) / 1e6 for t, pj in energy.terms_pj.items()},
                "static_uj_range": None if static_uj is None else list(static_uj),
                "unpriced": list(energy.unpriced),
                "caveat": constants.caveat,
            }
        )
    table = Table(
        f"C. Events on {comparison.chip.title}, {num_chips} chip(s), uJ per inference",
        [
            "constants",
            "dynamic",
            "5-95 %",
            "dynamic, alone",
            "of which",
            "static",
            "evidence",
            "caveat",
        ],
        rows,
        "Dynamic: in a stream, N T updates; alone: a lone sample, N (T + L). Prices as the chip's "
        "description names them; for Loihi 2 they are of Loihi 1, or fitted on one measurement "
        "(see the validation, from which the intervals do not save them). Nominal values that are "
        "minima lie below their intervals. Graded events are charged like binary ones: no price "
        "of theirs is public. Static: power of one board per chip for as long as an inference "
        "takes the sensor or the chip, whichever is slower.",
    )
    return table, data


def static_energy_uj(comparison: Comparison) -> tuple[float, float] | None:
    """Static energy of an inference in a stream, at both ends of power and of the bracket.

    None where the chip's static power is not known.
    """
    name = comparison.chip.static_power_set
    if name is None:
        return None
    power = load_constants(name).constants["static_power_w"]
    num_chips = comparison.chip_run.core_map.num_chips
    low, high = (
        static_energy_pj(
            watts,
            max(comparison.window_us, float(comparison.chip_run.step_us(end).sum(0).mean())),
            num_chips,
        )
        for end, watts in (("low", power.low), ("high", power.high))
    )
    return float(low) / 1e6, float(high) / 1e6


def _dynamic_model(events: Any) -> Callable[[Values], Amount]:
    def model(values: Values) -> Amount:
        mean: Amount = chip_energy(events, values).dynamic_pj.mean(-1)
        return mean

    return model


def _shares(terms_pj: Mapping[str, Any], total_uj: float) -> str:
    shares = {t: float(pj.mean()) / 1e6 / total_uj for t, pj in terms_pj.items() if t != "static"}
    return ", ".join(f"{term} {share:.0%}" for term, share in shares.items() if share >= 0.005)


def _grades(constants: ConstantSet) -> str:
    return ", ".join(sorted({constant.grade for constant in constants.constants.values()}))

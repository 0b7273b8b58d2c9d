"""What changes with the time steps and the firing rate, for this network."""

import numpy as np

from benchmarks.chip.chip_run import ENDS
from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.numbers import short
from benchmarks.report.plots import anytime_plot, break_even_plot
from benchmarks.study.comparison import NOMINAL_REUSE, Comparison
from hardware.counts.event_counts import EventCounts
from hardware.energy.break_even import naive_break_even_rate
from hardware.energy.energy_memory import ann_energy, network_energy, snn_energy
from hardware.energy.operation_energy import bits_to_count
from snn_depth.command.table import Table

STEPS = (1, 2, 4, 8, 16, 32)


def sweeps_section(comparison: Comparison) -> Section:
    """Reading out early, and the map of break-even."""
    anytime, early = _anytime(comparison)
    blocks: list[Text | Table | Picture] = list(anytime)
    data: dict[str, object] = {"anytime": early}
    if comparison.baseline is None:
        blocks.append(Text("No map of break-even: it needs the quantised twin.", "note"))
    else:
        picture, grid = _break_even_map(comparison)
        blocks.append(picture)
        data["break_even_map"] = grid
    return Section("sweeps", "Time steps and firing rate", blocks, data)


def _anytime(comparison: Comparison) -> tuple[list[Table | Picture], list[dict[str, float]]]:
    counts, machine = comparison.snn.counts, comparison.snn_machine
    rows, data = [], []
    for step, scores in enumerate(comparison.snn.early_scores_B, start=1):
        early = counts.first_steps(step)
        energy = network_energy(
            snn_energy(early, machine, comparison.arithmetic.values, pipelined=True)
        )
        entry = {
            "num_steps": step,
            "abs_rel": float(np.mean(scores["abs_rel"])),
            "synops": float(early.synops_B.mean()),
            "energy_uj": float(energy.total_pj.mean()) / 1e6,
        }
        data.append(entry)
        time_us = [step * float(comparison.chip_run.step_us(end).mean()) for end in ENDS]
        entry |= {"low_us": time_us[0], "high_us": time_us[1]}
        rows.append(
            [
                str(step),
                short(entry["abs_rel"]),
                f"{entry['synops'] / 1e6:.1f} M",
                short(entry["energy_uj"]),
                f"{short(time_us[0])} to {short(time_us[1])}",
            ]
        )
    table = Table(
        "Reading out early: one network, read after each of its steps",
        ["step", "abs_rel", "synaptic operations", "energy, uJ", "time of its steps, us"],
        rows,
        "Energy of the memory-inclusive model for all steps so far, and their time on the chip in "
        "a stream. Training looks at the last "
        "step only, unless an objective of one's own does otherwise.",
    )
    picture = Picture(
        "anytime",
        anytime_plot(
            np.array([e["abs_rel"] for e in data]), np.array([e["energy_uj"] for e in data])
        ),
        "Error and energy, read after each step.",
    )
    return [table, picture], data


def _break_even_map(comparison: Comparison) -> tuple[Picture, dict[str, object]]:
    """Energy is linear in steps, and in events per step, so two measurements give the plane."""
    baseline = comparison.baseline
    assert baseline is not None
    counts, machine, values = (
        comparison.snn.counts,
        comparison.snn_machine,
        comparison.arithmetic.values,
    )
    num_steps = counts.num_steps
    spiking = [edge for layer in counts.layers for edge in layer.edges if not edge.graded]
    places = num_steps * sum(edge.num_source_neurons for edge in spiking)
    rate = sum(float(edge.events_TB.sum(0).mean()) for edge in spiking) / places

    def total_pj(of: EventCounts) -> float:
        energy = network_energy(snn_energy(of, machine, values, pipelined=True))
        return float(energy.total_pj.mean())

    # What is due in every step whatever fires: updates, and the graded input.
    unfired_pj = total_pj(counts.without_spikes())
    spikes_pj = total_pj(counts) - unfired_pj
    rates = np.geomspace(0.003, 1.0, 60)
    per_step_pj = (unfired_pj + spikes_pj * rates / rate) / num_steps
    ratio = np.empty((len(rates), len(STEPS)))
    for column, steps in enumerate(STEPS):
        ann_machine = vars(comparison.ann_machine(baseline)) | {
            "activation_bits": bits_to_count(steps)
        }
        ann = network_energy(
            ann_energy(
                baseline.counts, type(comparison.ann_machine(baseline))(**ann_machine), values
            )
        )
        ratio[:, column] = steps * per_step_pj / float(ann.total_pj.mean())
    steps_T = np.array(STEPS, float)
    naive = [float(np.asarray(naive_break_even_rate("fp32", t, values))) for t in STEPS]
    lines = {
        "naive fp32, 5.11 / T": np.array(naive),
        "Davidson & Furber, 1.72 / T": 1.72 / steps_T,
        "Dampfhoffer, 1.38 / T": 1.38 / steps_T,
        "Dampfhoffer, 0.15 / T": 0.15 / steps_T,
    }
    picture = Picture(
        "break_even_map",
        break_even_plot(
            STEPS,
            rates,
            ratio,
            ours=(num_steps, rate),
            published=lines,
            points={"Yan et al., T = 5": (5, 0.057)},
        ),
        "Modelled energy of this network over its quantised twin's of ceil(log2(T + 1)) bits "
        f"(memory-inclusive, reuse {NOMINAL_REUSE:g}), if it fired more or less and took other "
        "numbers of steps; its graded input stays as it is. Lines: where published rules put "
        "break-even, for networks without graded input. Yan et al. give 5.7 % at T = 5.",
    )
    grid = {
        "steps": list(STEPS),
        "rates": rates.tolist(),
        "ratio": ratio.tolist(),
        "rate": rate,
    }
    return picture, grid

"""The spiking network layer by layer: counts, energy by term, break-even, cores."""

from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import millions, percent, short
from benchmarks.report.sections.operations_section import layer_totals, rate
from benchmarks.study.comparison import NOMINAL_REUSE, Comparison
from hardware.energy.break_even import BreakEven, break_even_table
from hardware.energy.energy_memory import TERMS, network_energy, snn_energy
from hardware.energy.published_thresholds import PUBLISHED_THRESHOLDS
from snn_depth.command.table import Table


def layers_section(comparison: Comparison) -> Section:
    """Tables of all layers."""
    counts = comparison.snn.counts
    mean_synops, busiest_synops = comparison.chip_run.synops_per_core
    energies = {
        energy.name: energy
        for energy in snn_energy(
            counts, comparison.snn_machine, comparison.arithmetic.values, pipelined=True
        )
    }
    total_uj = sum(float(e.total_pj.mean()) for e in energies.values()) / 1e6
    count_rows, energy_rows, data = [], [], []
    for index, layer in enumerate(counts.layers):
        entry = layer_totals(layer, counts.num_steps)
        partition = comparison.chip_run.core_map.partitions[layer.name]
        terms_uj = {
            term: float(pj.mean()) / 1e6 for term, pj in energies[layer.name].terms_pj.items()
        }
        layer_uj = sum(terms_uj.values())
        entry |= {
            "energy_uj": terms_uj,
            "energy_share": layer_uj / total_uj,
            "cores": partition.num_cores,
            "busiest_core_synops_per_step": float(busiest_synops[index]),
            "mean_core_synops_per_step": float(mean_synops[index]),
        }
        data.append(entry)
        count_rows.append(
            [
                layer.name,
                "x".join(map(str, layer.shape)),
                rate(entry["rate_in"]),
                rate(entry["rate_out"]),
                millions(entry["dense"]),
                millions(entry["accumulations"]),
                millions(entry["macs"]),
                millions(entry["updates"]),
                short(entry["spikes"]),
                short(entry["spikes_per_synapse"]),
                str(partition.num_cores),
                f"{busiest_synops[index]:,.0f}",
            ]
        )
        energy_rows.append(
            [
                layer.name,
                *(short(terms_uj[t]) for t in TERMS),
                short(layer_uj),
                percent(layer_uj / total_uj),
            ]
        )
    binning = {t: float(pj.mean()) / 1e6 for t, pj in energies["binning"].terms_pj.items()}
    energy_rows.append(
        [
            "binning",
            *(short(binning[t]) for t in TERMS),
            short(sum(binning.values())),
            percent(sum(binning.values()) / total_uj),
        ]
    )
    total = network_energy(list(energies.values()))
    energy_rows.append(
        [
            "total",
            *(short(float(total.terms_pj[t].mean()) / 1e6) for t in TERMS),
            short(total_uj),
            percent(1.0),
        ]
    )
    blocks: list[Text | Table] = [
        Table(
            "Counts per inference, mean over the samples",
            [
                "layer",
                "C x H x W",
                "rate in",
                "rate out",
                "dense",
                "ACs",
                "MACs",
                "updates",
                "spikes",
                "per synapse",
                "cores",
                "busiest core",
            ],
            count_rows,
            "Rates are spikes per neuron and step. MACs are those of the graded input, which the "
            "decoder's skips read too. Per synapse: operations per synapse and inference. Busiest "
            "core: synaptic operations in a step.",
        ),
        Table(
            "Energy in uJ per inference: memory-inclusive model, nominal constants",
            ["layer", *TERMS, "total", "share"],
            energy_rows,
            "Potentials: reading and writing membranes, once per update and once per synaptic "
            "operation (events arrive in any order). Routing between cores is not in this model; "
            "see the chip models.",
        ),
    ]
    table, verdicts = _break_even(comparison)
    blocks += table
    return Section("layers", "Layer by layer", blocks, {"layers": data, **verdicts})


def _break_even(comparison: Comparison) -> tuple[list[Text | Table], dict[str, object]]:
    baseline = comparison.baseline
    if baseline is None:
        text = (
            f"No break-even is given: it needs a twin of {comparison.fair_bits} bits (--networks)."
        )
        return [Text(text, "note")], {"break_even": None}
    found = break_even_table(
        comparison.snn.counts,
        baseline.counts,
        comparison.snn_machine,
        comparison.ann_machine(baseline),
        comparison.arithmetic.values,
        pipelined=True,
    )
    title = (
        f"Break-even against {baseline.network.name}, memory-inclusive, reuse "
        f"{NOMINAL_REUSE:g}: events per synapse and step"
    )
    note = (
        "s* is the rate at which the spiking layer costs what its twin's does, s the measured one. "
        "Where the updates of the membranes alone cost more than the twin, no rate is low enough. "
        "The energies here are of the layer alone, without binning, which is in the total."
    )
    rows = [_row(row) for row in found]
    headings = ["layer", "s*", "s", "s / s*", "SNN, uJ", "ANN, uJ", "verdict"]
    blocks: list[Text | Table] = [Table(title, headings, rows, note), _published(comparison)]
    data = [
        {
            "layer": row.layer,
            "rate": row.rate,
            "measured_rate": row.measured_rate,
            "snn_uj": row.snn_pj / 1e6,
            "ann_uj": row.ann_pj / 1e6,
            "verdict": row.verdict,
        }
        for row in found
    ]
    return blocks, {"break_even": data}


def _row(found: BreakEven) -> list[str]:
    return [
        found.layer,
        "-" if found.rate is None else short(found.rate, 2),
        short(found.measured_rate, 2),
        "-" if found.ratio is None else short(found.ratio, 2),
        short(found.snn_pj / 1e6),
        short(found.ann_pj / 1e6),
        found.verdict,
    ]


def _published(comparison: Comparison) -> Table:
    counts = comparison.snn.counts
    neurons = sum(layer.num_neurons for layer in counts.layers if layer.fires)
    per_neuron = float(counts.spikes_B.mean()) / neurons
    # Of synapses that carry spikes: the papers have no graded input.
    spiking = [edge for y in counts.layers for edge in y.edges if not edge.graded]
    synops = sum(float(edge.synops_TB.sum(0).mean()) for edge in spiking)
    measured = {
        "spikes per neuron and inference": per_neuron,
        "spikes per synapse and inference": synops / sum(edge.num_synapses for edge in spiking),
        "spikes per neuron and step": per_neuron / counts.num_steps,
    }
    rows = []
    for threshold in PUBLISHED_THRESHOLDS:
        value = measured[threshold.unit]
        ends = dict.fromkeys([short(threshold.low), short(threshold.high)])
        rows.append(
            [
                threshold.name,
                " to ".join(ends),
                threshold.unit,
                short(value),
                threshold.verdict(value),
                threshold.condition,
            ]
        )
    return Table(
        "Published thresholds, which rest on other assumptions",
        ["source", "threshold", "unit", "this network", "it is", "condition"],
        rows,
        "Below a threshold a spiking network was found to need less than a conventional one. "
        "Synapses on the graded input, which those papers do not have, are left out.",
    )

"""Where the network is computed: cores, chips, and how evenly the work is spread."""

from dataclasses import asdict

import numpy as np

from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.numbers import percent, short
from benchmarks.report.plots import core_map_plot, imbalance_plot
from benchmarks.study.comparison import Comparison
from hardware.cores.placement import place
from snn_depth.command.table import Table


def mapping_section(comparison: Comparison) -> Section:
    """Cores of every layer, with what their fullest one needs."""
    core_map, chip = comparison.chip_run.core_map, comparison.chip
    mean, busiest = comparison.chip_run.synops_per_core
    rows, data = [], []
    for index, (name, partition) in enumerate(core_map.partitions.items()):
        needs = core_map.needs[name]
        imbalance = float(busiest[index] / mean[index]) if mean[index] else 1.0
        rows.append(
            [
                name,
                "x".join(map(str, partition.block)),
                str(partition.num_cores),
                _of(needs.neurons, chip.neurons_per_core),
                _of(needs.memory_bits, chip.memory_bits_per_core),
                _of(needs.input_axons, chip.input_axons_per_core),
                _of(needs.output_axons, chip.output_axons_per_core),
                short(imbalance),
            ]
        )
        data.append(
            {
                "layer": name,
                "block": list(partition.block),
                "cores": partition.num_cores,
                **asdict(needs),
                "imbalance": imbalance,
            }
        )
    traffic = comparison.chip_run.traffic
    messages = sum(float(t.messages_B.mean()) for t in traffic)
    from_outside = sum(float(t.input_messages_B.mean()) for t in traffic)
    hops = sum(float((t.hops_east_west_B + t.hops_north_south_B).mean()) for t in traffic)
    crossings = sum(float(t.chip_crossings_B.mean()) for t in traffic)
    totals = {
        "num_cores": core_map.num_cores,
        "num_chips": core_map.num_chips,
        "messages": messages,
        "input_messages": from_outside,
        "hops": hops,
        "chip_crossings": crossings,
        "num_pipeline_steps": comparison.snn.counts.num_pipeline_steps,
        "violations": [str(violation) for violation in core_map.violations],
    }
    verdict = (
        f"{core_map.num_cores} cores on {core_map.num_chips} {chip.title} chip(s); no limit is "
        "exceeded."
        if not core_map.violations
        else f"Does not fit {chip.title}: {'; '.join(map(str, core_map.violations))}."
    )
    blocks: list[Text | Table | Picture] = [
        Text(verdict),
        Table(
            "Cores per layer, and what the fullest needs (share of what a core has)",
            [
                "layer",
                "block C x H x W",
                "cores",
                "neurons",
                "memory bits",
                "axons in",
                "axons out",
                "busiest / mean core",
            ],
            rows,
            "A kernel is stored once per core; an axon per sending neuron and edge. Sources of all "
            "limits: hardware/chips. The compiler of the chip itself may need more.",
        ),
        Text(
            f"Per inference {short(messages)} messages between cores and from outside "
            f"({short(from_outside)} from outside), {short(hops / max(messages, 1), 2)} hops each, "
            f"{short(crossings)} crossings from chip to chip. A lone sample takes "
            f"{totals['num_pipeline_steps']} steps more than its own, in which all neurons are "
            "updated."
        ),
        Picture(
            "imbalance",
            imbalance_plot(list(core_map.partitions), mean, busiest),
            "All cores wait for the busiest one: it, not the sum, sets the time of a step.",
        ),
        Picture(
            "core_map",
            _core_map(comparison),
            "Every core at its assumed place: cores of a tile stand together, layers follow each "
            "other along a snake. Cores without work are not drawn.",
        ),
    ]
    return Section("mapping", "Cores", blocks, {"layers": data, **totals})


def _core_map(comparison: Comparison) -> str:
    core_map, chip = comparison.chip_run.core_map, comparison.chip
    placement = place(core_map.num_cores, chip)
    in_tile = np.arange(core_map.num_cores) % chip.cores_per_tile
    # Tiles are squares of cores with a gap between them.
    side = int(np.ceil(np.sqrt(chip.cores_per_tile)))
    columns = placement.columns.astype(np.float64) * (side + 0.5) + in_tile % side
    rows = placement.rows.astype(np.float64) * (side + 0.5) + in_tile // side
    labels = [
        name for name, partition in core_map.partitions.items() for _ in range(partition.num_cores)
    ]
    return core_map_plot(columns, rows, comparison.chip_run.core_synops_K, labels)


def _of(used: int, allowed: int | None) -> str:
    return f"{used:,}" if allowed is None else f"{used:,} ({percent(used / allowed, 0)})"

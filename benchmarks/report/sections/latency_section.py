"""How long an inference takes on the chip: a bracket, for constants of Loihi 2 are not public."""

from benchmarks.chip.chip_run import ENDS
from benchmarks.report.document import Section, Text
from benchmarks.report.numbers import short
from benchmarks.study.comparison import Comparison
from hardware.energy.constant import load_constants
from snn_depth.command.table import Table


def input_events(comparison: Comparison) -> float:
    """Values other than zero that are sent onto the chip per inference, mean over the samples.

    What reads the input with different delays is sent it once for each of them.
    """
    once = {
        edge.source: float(edge.events_TB.sum(0).mean())
        for layer in comparison.snn.counts.layers
        for edge in layer.edges
        if edge.from_input
    }
    edges = [edge for layer in comparison.graph.layers for edge in layer.edges]
    delays = {name: {edge.delay for edge in edges if edge.source == name} for name in once}
    return sum(num_events * len(delays[name]) for name, num_events in once.items())


def latency_section(comparison: Comparison) -> Section:
    """Step, inference, throughput, and input apart."""
    run, counts = comparison.chip_run, comparison.snn.counts
    step_us = {end: float(run.step_us(end).mean()) for end in ENDS}
    sets = (comparison.chip.latency_low_set, comparison.chip.latency_high_set)
    barrier_low_us, barrier_high_us = (
        load_constants(name).constants["barrier_ns"].value / 1e3 for name in sets
    )
    pipelined_us = {end: float(run.step_us(end).sum(0).mean()) for end in ENDS}
    isolated_us = {end: float(run.isolated_us(end).mean()) for end in ENDS}
    window_us = comparison.window_us
    events = input_events(comparison)
    event_ns = load_constants("input_output").constants["input_event_ns"]
    io_us = {"low": events * event_ns.low / 1e3, "high": events * event_ns.high / 1e3}
    rows = [
        _row("sensor: window of frames", window_us, window_us, "waiting for the light"),
        _row(
            "input",
            io_us["low"],
            io_us["high"],
            f"{short(events)} values other than zero onto the chip, sent again for every skip that "
            "reads them later; host and drivers decide",
        ),
        _row("one step", step_us["low"], step_us["high"], "the slowest core, and the barrier"),
        _row(
            "of it the barrier",
            barrier_low_us,
            barrier_high_us,
            "all cores wait until the last has finished",
        ),
        _row(
            f"stream: T = {counts.num_steps} steps",
            pipelined_us["low"],
            pipelined_us["high"],
            "period at which results come, if the input does",
        ),
        _row(
            f"alone: T + L = {counts.num_steps + counts.num_pipeline_steps} steps",
            isolated_us["low"],
            isolated_us["high"],
            "after the last frame, when the whole window is collected first",
        ),
        _row(
            "end to end, alone",
            window_us + isolated_us["low"],
            window_us + isolated_us["high"],
            "window and steps; input, decoding and the host not included",
        ),
    ]
    layers = []
    layer_rows = []
    for low, high in zip(run.layer_times("low"), run.layer_times("high"), strict=True):
        layers.append({"layer": low.layer, "low": vars(low), "high": vars(high)})
        layer_rows.append(
            [
                low.layer,
                short(low.busiest_us),
                short(high.busiest_us),
                short(low.imbalance),
                low.bottleneck,
                high.bottleneck,
            ]
        )
    low_set, high_set = (load_constants(name).title for name in sets)
    table = Table(
        f"Latency on {comparison.chip.title} in us: estimates between which the truth should lie",
        ["part", "low", "high", "what it is"],
        rows,
        f"Low: all parts of a core's work overlap; times of {low_set}. High: no overlap; times of "
        f"{high_set}. Neither is a measurement. Not included: congestion of the network on chip, "
        "the host.",
    )
    layer_table = Table(
        "The slowest core of each layer, us per step",
        ["layer", "low", "high", "slowest / mean", "bottleneck, low", "bottleneck, high"],
        layer_rows,
    )
    slowest = max(run.layer_times("low"), key=lambda t: t.busiest_us)
    text = Text(
        f"All cores wait for {slowest.layer}, on average: {slowest.bottleneck}. Throughput in a "
        f"stream {short(1e6 / pipelined_us['high'])} to {short(1e6 / pipelined_us['low'])} "
        "inferences per second, if the input arrives in time; the sensor fills "
        f"{short(1e6 / window_us)} windows per second: "
        f"{_pace(window_us, pipelined_us['low'], pipelined_us['high'])}."
    )
    data = {
        "window_us": window_us,
        "input_us": io_us,
        "input_events": events,
        "step_us": step_us,
        "stream_us": pipelined_us,
        "lone_us": isolated_us,
        "barrier_us": {"low": barrier_low_us, "high": barrier_high_us},
        "layers": layers,
    }
    return Section("latency", "Latency", [table, text, layer_table], data)


def _row(part: str, low_us: float, high_us: float, what: str) -> list[str]:
    return [part, short(low_us), short(high_us), what]


def _pace(window_us: float, low_us: float, high_us: float) -> str:
    if high_us <= window_us:
        return "the chip keeps pace with it at both ends"
    if low_us <= window_us:
        return "the chip keeps pace with it at the low end, not at the high one"
    return "the chip does not keep pace with it"

"""How long an inference takes on the chip: a bracket, for constants of Loihi 2 are not public."""

from benchmarks.report.chip_run import ENDS
from benchmarks.report.document import Section, Table, Text
from benchmarks.report.numbers import short
from benchmarks.report.part import Part
from benchmarks.report.study import Study
from conversion.layer_graph import INPUT
from hardware.constant import load_constants


def latency_part(study: Study) -> Part:
    """Step, inference, throughput, and input apart.

    Args:
        study: What was measured.
    """
    run, counts = study.chip_run, study.snn.counts
    spec = study.chip_network.spec
    step_us = {end: float(run.step_us(end).mean()) for end in ENDS}
    stream_us = {end: float(run.step_us(end).sum(0).mean()) for end in ENDS}
    alone_us = {end: float(run.lone_sample_us(end).mean()) for end in ENDS}
    window_us = 1e6 * spec.num_frames / spec.sample_rate_hz
    events = next(
        float(edge.events_TB.sum(0).mean())
        for layer in counts.layers
        for edge in layer.edges
        if edge.source == INPUT
    )
    event_ns = load_constants("input_output").constants["input_event_ns"]
    io_us = {"low": events * event_ns.low / 1e3, "high": events * event_ns.high / 1e3}
    rows = [
        ["sensor: window of frames", short(window_us), short(window_us), "waiting for the light"],
        [
            "input",
            short(io_us["low"]),
            short(io_us["high"]),
            f"{short(events)} values other than zero onto the chip; host and drivers decide",
        ],
        [
            "one step",
            short(step_us["low"]),
            short(step_us["high"]),
            "slowest core, and the barrier",
        ],
        [
            f"inference in a stream: T = {counts.num_steps} steps",
            short(stream_us["low"]),
            short(stream_us["high"]),
            "period at which results come",
        ],
        [
            f"lone inference: T + L = {counts.num_steps + counts.num_pipeline_steps} steps",
            short(alone_us["low"]),
            short(alone_us["high"]),
            "after the last input",
        ],
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
    table = Table(
        f"Latency on {study.chip.title} in us: estimates between which the truth should lie",
        ["part", "low", "high", "what it is"],
        rows,
        "Low: all parts of a core's work overlap, Intel's stated speed-ups of Loihi 2. High: no "
        "overlap, times fitted on Loihi 1. Neither is a measurement. Not included: congestion of "
        "the network on chip, the host.",
    )
    layer_table = Table(
        "The slowest core of each layer, us per step",
        ["layer", "low", "high", "slowest / mean", "bottleneck, low", "bottleneck, high"],
        layer_rows,
    )
    slowest = max(run.layer_times("low"), key=lambda t: t.busiest_us)
    text = Text(
        f"All cores wait for {slowest.layer}, on average: {slowest.bottleneck}. Throughput in a "
        f"stream {short(1e6 / stream_us['high'])} to {short(1e6 / stream_us['low'])} inferences "
        "per second, if the input arrives in time."
    )
    data = {
        "window_us": window_us,
        "input_us": io_us,
        "input_events": events,
        "step_us": step_us,
        "stream_us": stream_us,
        "lone_us": alone_us,
        "layers": layers,
    }
    return Part("latency", Section("Latency", [table, text, layer_table]), data)

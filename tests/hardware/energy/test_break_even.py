from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.counts.event_counts import EventCounts, LayerCounts
from hardware.energy.break_even import break_even_rate, break_even_table, naive_break_even_rate
from hardware.energy.constant import load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_memory import ann_energy, network_energy, snn_energy
from tests.hardware.layer_counts import edge_counts, layer_counts, network_counts, twin_of

NM45 = load_constants("nm45").values
STEPS = (1, 4, 8, 16)


@pytest.mark.parametrize(
    ("arithmetic", "expected"),
    [("fp32", (5.11, 1.28, 0.64, 0.32)), ("int8", (7.67, 1.92, 0.96, 0.48))],
)
def test_naive_rows(arithmetic: Any, expected: tuple[float, ...]) -> None:
    rates = [naive_break_even_rate(arithmetic, steps, NM45) for steps in STEPS]
    assert rates == pytest.approx(expected, abs=0.005)
    sparse = naive_break_even_rate(arithmetic, 4, NM45, zero_fraction=0.25)
    assert sparse == pytest.approx(0.75 * rates[1])


# One 64-to-64 3x3 layer on 64 x 64 maps.
FAN_IN = 64 * 9
NEURONS = 64 * 64 * 64


def lemaire_sram_pj(num_words: int) -> float:
    """E_RAM(n, b) = 1.09e-5 n b + 13.2 pJ per access, words of 32 bit."""
    return 1.09e-5 * num_words * 32 + 13.2


def test_lemaires_sram_is_a_line_through_horowitz() -> None:
    points = [NM45[name] for name in ("sram_8kib_pj", "sram_32kib_pj", "sram_1mib_pj")]
    slope, offset = np.polyfit([8 * 8e3, 8 * 32e3, 8 * 1e6], points, 1)
    assert slope == pytest.approx(1.09e-5, rel=0.005)
    assert offset == pytest.approx(13.2, rel=0.005)


@pytest.mark.parametrize(
    ("word", "reuse", "expected"),
    [
        ("32-bit", 1, ("0.57", "0.14", "0.070", "0.034")),
        ("32-bit", 10, ("0.068", "0.016", "0.007", "0.003")),
        ("8-bit", 1, ("0.71", "0.18", "0.088", "0.044")),
        ("8-bit", 10, ("0.125", "0.030", "0.015", "0.007")),
    ],
)
def test_memory_inclusive_rows(word: str, reuse: int, expected: tuple[str, ...]) -> None:
    """The reference's table: Lemaire et al.'s memories, or 10 pJ per 64 bit whatever the size."""
    if word == "32-bit":
        add, multiply = 0.1, 3.1
        feature, weight, queue = lemaire_sram_pj(NEURONS), lemaire_sram_pj(FAN_IN * 64), 13.2
    else:
        add, multiply = 0.03, 0.2
        feature = weight = queue = 10 * 8 / 64
    mac = multiply + add
    # Both operands of every product are read, results are written.
    ann = mac + (feature + weight) / reuse + feature / FAN_IN
    update = mac + 2 * feature  # leak; membrane read and written
    # Addition, weight, membrane read and written, address; of a spike both queues and its address.
    synop = add + weight + 2 * feature + add + 2 * (queue + mac) / FAN_IN
    for num_steps, published in zip(STEPS, expected, strict=True):
        rate = break_even_rate(ann, update, synop, num_steps=num_steps, fan_in=FAN_IN)
        assert f"{rate:.{len(published) - 2}f}" == published


def test_definition() -> None:
    """At s* both energies are equal: M T s e_synop + T N e_update = E_ANN."""
    rate = break_even_rate(10.0, 30.0, 4.0, num_steps=5, fan_in=50.0)
    assert rate is not None
    assert 5 * rate * 4 + 5 / 50 * 30 == pytest.approx(10)
    assert break_even_rate(10.0, 100.0, 4.0, num_steps=5, fan_in=50.0) is None
    assert break_even_rate(9.9, 100.0, 4.0, num_steps=5, fan_in=50.0) is None
    with pytest.raises(ValueError, match="a synaptic operation costs 0"):
        break_even_rate(1.0, 1.0, 0.0, num_steps=1, fan_in=1.0)


def scaled(counts: EventCounts, factor: float) -> EventCounts:
    """The network if all that is sent became more frequent."""
    layers = []
    for layer in counts.layers:
        edges = tuple(
            replace(e, events_TB=e.events_TB * factor, synops_TB=e.synops_TB * factor)
            for e in layer.edges
        )
        layers.append(replace(layer, edges=edges, spikes_TB=layer.spikes_TB * factor))
    return replace(counts, layers=tuple(layers))


@st.composite
def networks(draw: st.DrawFn) -> EventCounts:
    """One or two layers, with one or two edges each, of random counts."""
    num_steps = draw(st.integers(1, 8))

    def numbers(largest: int) -> Any:
        return np.array(
            draw(st.lists(st.integers(0, largest), min_size=num_steps, max_size=num_steps))
        )[:, None]

    layers: list[LayerCounts] = []
    for index in range(draw(st.integers(1, 2))):
        edges = [
            edge_counts(
                numbers(64),
                numbers(576),
                source="input" if is_input else f"from {index}",
                graded=is_input,
                num_synapses=draw(st.integers(64, 100_000)),
            )
            for is_input in draw(st.lists(st.booleans(), min_size=1, max_size=2))
        ]
        fires = draw(st.booleans())
        layers.append(
            layer_counts(*edges, spikes=numbers(64) * fires, name=f"layer {index}", fires=fires)
        )
    return network_counts(*layers, binning=numbers(50))


@settings(max_examples=30, deadline=None)
@given(
    networks(),
    st.floats(0, 1),
    st.sampled_from((1.0, 10.0, 100.0)),
    st.booleans(),
    st.floats(0, 1e3),
)
def test_at_the_break_even_rate_both_cost_the_same(
    snn: EventCounts, rho: float, reuse: float, pipelined: bool, routing_pj: float
) -> None:
    ann = network_counts(*map(twin_of, snn.layers), binning=snn.binning_TB.sum(0)[None])
    machines = SnnMachine(potential_accesses_per_synop=rho), AnnMachine(reuse=reuse)
    routing = {layer.name: routing_pj * layer.spikes_TB.sum(0) for layer in snn.layers}
    rows = break_even_table(snn, ann, *machines, NM45, pipelined=pipelined, routing_pj=routing)
    assert [row.layer for row in rows] == [*(y.name for y in snn.layers), "total"]
    ann_parts = ann_energy(ann, machines[1], NM45)
    ann_parts.append(network_energy(ann_parts))
    for index, row in enumerate(rows):
        assert row.ann_pj == pytest.approx(ann_parts[1 + index].total_pj[0])
        if row.rate is None:
            silent = scaled(snn, 0.0)
            spent = snn_energy(silent, machines[0], NM45, pipelined=pipelined)
            spent.append(network_energy(spent))
            assert spent[1 + index].total_pj[0] >= row.ann_pj * (1 - 1e-9)
            assert row.verdict == "no break-even exists"
            assert row.ratio is None
            continue
        if not row.measured_rate:
            continue
        factor = row.rate / row.measured_rate
        more = {name: factor * energy for name, energy in routing.items()}
        spent = snn_energy(
            scaled(snn, factor), machines[0], NM45, pipelined=pipelined, routing_pj=more
        )
        spent.append(network_energy(spent))
        assert spent[1 + index].total_pj[0] == pytest.approx(row.ann_pj, rel=1e-6)
        assert (row.verdict == "below break-even") == (factor >= 1)
        assert (row.snn_pj <= row.ann_pj * (1 + 1e-9)) == (factor >= 1 - 1e-9)


def test_formula_of_the_reference() -> None:
    """One spiking edge without borders: s* as section 3.4 has it, from Horowitz's numbers."""
    num_steps, fan_in, fan_out, neurons = 4, 576, 576, 64
    rate = 0.25
    events = np.full((num_steps, 1), rate * neurons)
    edge = edge_counts(events, events * fan_out, num_synapses=fan_in * neurons, num_weights=144)
    # It sends as much as it receives, so that a spike's way is paid once per spike.
    snn = network_counts(layer_counts(edge, spikes=events))
    ann = network_counts(twin_of(snn.layers[0]))
    word = 10 / 64  # pJ per bit: every memory is small
    e_acc = 0.03 + (24 - 8) * 0.07 / 24
    e_address = 0.03 + (6 - 8) * 0.07 / 24
    e_packet = 2 * 6 * word + 2 * (0.2 * 36 / 64 + e_address)  # written, read, decoded
    e_update = 0.2 * 24 * 12 / 64 + 2 * e_acc + 16 * word
    e_v = 32 * word
    ann_pj = fan_in * neurons * (0.2 + 0.1 + 2 * 8 * word / 10)
    ann_pj += neurons * (8 * word + 16 * word + 2 * 0.1) + 128 * (0.03 + (7 - 8) * 0.07 / 24)
    expected = break_even_rate(
        ann_pj / (fan_in * neurons),
        e_update + 2 * e_v,
        e_acc + 8 * word + 2 * e_v + e_address + e_packet / fan_out,
        num_steps=num_steps,
        fan_in=fan_in,
    )
    row, total = break_even_table(snn, ann, SnnMachine(), AnnMachine(), NM45, pipelined=True)
    assert expected is not None
    assert row.rate == pytest.approx(expected)
    assert row.measured_rate == pytest.approx(rate)
    assert row.ratio == pytest.approx(rate / expected)
    assert (total.rate, total.snn_pj, total.ann_pj) == pytest.approx(
        (row.rate, row.snn_pj, row.ann_pj)
    )
    # A silent layer has the rate at which all its sources fire alike: here, the same.
    silent = break_even_table(
        scaled(snn, 0.0), ann, SnnMachine(), AnnMachine(), NM45, pipelined=True
    )[0]
    assert silent.rate == pytest.approx(expected)
    assert silent.verdict == "below break-even"
    assert silent.ratio == 0


def test_layers_without_a_twin() -> None:
    relay = layer_counts(edge_counts([[5]], [[45]]), spikes=[[5]], name="relay")
    layer = layer_counts(edge_counts([[5]], [[45]]), spikes=[[5]])
    snn = network_counts(relay, layer)
    rows = break_even_table(
        snn, network_counts(twin_of(layer)), SnnMachine(), AnnMachine(), NM45, pipelined=True
    )
    assert rows[0].ann_pj == 0
    assert rows[0].verdict == "no break-even exists"
    assert rows[-1].snn_pj == pytest.approx(rows[0].snn_pj + rows[1].snn_pj)
    with pytest.raises(ValueError, match=r"the spiking network has no layers \['relay'\]"):
        break_even_table(
            network_counts(layer),
            network_counts(twin_of(relay)),
            SnnMachine(),
            AnnMachine(),
            NM45,
            pipelined=True,
        )


def test_network_without_synapses() -> None:
    counts = network_counts(layer_counts(spikes=[[1]]))
    assert not break_even_table(counts, counts, SnnMachine(), AnnMachine(), NM45, pipelined=True)

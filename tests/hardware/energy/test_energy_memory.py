from dataclasses import replace

import numpy as np
import pytest

from hardware.counts.event_counts import count_events
from hardware.counts.workload import Workload
from hardware.energy.constant import load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.energy_ann_layer import ann_layer_energy
from hardware.energy.energy_memory import (
    TERMS,
    ann_energy,
    binning_energy,
    network_energy,
    snn_energy,
)
from hardware.energy.energy_snn_layer import snn_layer_energy
from tests.hardware.layer_counts import edge_counts, layer_counts, network_counts, twin_of
from tests.hardware.small_workload import small_workload

NM45 = load_constants("nm45").values
COUNTS = count_events(small_workload()[1], binned_inputs=["input"])
TWIN = network_counts(
    *(twin_of(layer) for layer in COUNTS.layers), binning=COUNTS.binning_TB.sum(0)[None, :1]
)


def test_sum_of_layers_is_the_total() -> None:
    parts = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True)
    assert [part.name for part in parts] == ["binning", *(layer.name for layer in COUNTS.layers)]
    total = network_energy(parts)
    assert tuple(total.terms_pj) == TERMS
    assert total.total_pj.shape == (COUNTS.num_samples,)
    by_layer = np.sum([part.total_pj for part in parts], axis=0)
    by_term = np.sum([total.terms_pj[term] for term in TERMS], axis=0)
    assert total.total_pj == pytest.approx(by_layer)
    assert total.total_pj == pytest.approx(by_term)


def test_steps_in_which_the_network_drains() -> None:
    follow = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True)
    alone = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=False)
    steps = COUNTS.num_steps + COUNTS.num_pipeline_steps
    assert alone[0].total_pj == pytest.approx(follow[0].total_pj)
    for energy, layer in zip(alone[1:], COUNTS.layers, strict=True):
        expected = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=steps)
        assert energy.total_pj == pytest.approx(expected.total_pj)


def test_samples_do_not_depend_on_each_other() -> None:
    _, workload = small_workload()
    last = Workload(
        {"input": workload.inputs["input"][:, -1:]},
        tuple(
            replace(y, sent_TBCHW=None if y.sent_TBCHW is None else y.sent_TBCHW[:, -1:])
            for y in workload.layers
        ),
        workload.num_pipeline_steps,
        workload.arrival_steps,
    )
    alone = snn_energy(
        count_events(last, binned_inputs=["input"]), SnnMachine(), NM45, pipelined=True
    )
    together = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True)
    for one, many in zip(alone, together, strict=True):
        assert one.total_pj == pytest.approx(many.total_pj[-1:])
    assert len(set(network_energy(together).total_pj)) > 1


def test_binning_by_hand() -> None:
    """Each camera spike: an 8-bit addition, and a counter of 8 bit read and written in 8 KiB."""
    counts = network_counts(
        layer_counts(edge_counts([[0, 0]], [[0, 0]], source="input"), spikes=[[0, 0]]),
        binning=[[1000, 10]],
    )
    for machine in (SnnMachine(), AnnMachine()):
        energy = binning_energy(counts, machine, NM45)
        assert energy.total_pj == pytest.approx(np.array([1000, 10]) * (0.03 + 2 * 1.25))


def test_routing() -> None:
    name = COUNTS.layers[1].name
    routing = {name: np.array([1.0, 2.0, 3.0])}
    free = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True)
    paid = snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True, routing_pj=routing)
    more = network_energy(paid).total_pj - network_energy(free).total_pj
    assert more == pytest.approx([1, 2, 3])
    with pytest.raises(ValueError, match=r"routing is given for \['nobody'\]"):
        snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True, routing_pj={"nobody": 1.0})


def test_conventional_network() -> None:
    parts = ann_energy(TWIN, AnnMachine(), NM45)
    assert [part.name for part in parts[1:]] == [layer.name for layer in TWIN.layers]
    for energy, layer in zip(parts[1:], TWIN.layers, strict=True):
        assert energy.total_pj == pytest.approx(
            ann_layer_energy(layer, AnnMachine(), NM45).total_pj
        )
    assert not network_energy(parts).terms_pj["potentials"].any()
    with pytest.raises(ValueError, match=f"of {COUNTS.num_steps} steps; accepted: 1"):
        ann_energy(COUNTS, AnnMachine(), NM45)


def test_draws_of_constants() -> None:
    columns = {name: np.array([[value], [2 * value]]) for name, value in NM45.items()}
    columns["sram_access_bits"] = np.full((2, 1), NM45["sram_access_bits"])
    total = network_energy(snn_energy(COUNTS, SnnMachine(), columns, pipelined=True)).total_pj
    single = network_energy(snn_energy(COUNTS, SnnMachine(), NM45, pipelined=True)).total_pj
    assert total == pytest.approx(np.stack([single, 2 * single]))


def test_membranes_dominate_large_maps() -> None:
    """A 64-to-64 3x3 layer on 64x64 maps at a rate of 0.1: state is most of the energy."""
    synapses = 64 * 64 * 9 * 64 * 64
    edge = edge_counts(
        np.full((4, 1), 26_214),
        np.full((4, 1), synapses // 10),
        num_synapses=synapses,
        num_weights=64 * 64 * 9,
        num_source_neurons=64 * 64 * 64,
    )
    layer = layer_counts(edge, spikes=np.full((4, 1), 26_214), shape=(64, 64, 64))
    energy = snn_layer_energy(layer, SnnMachine(), NM45, num_steps=4)
    shares = {term: float(part[0] / energy.total_pj[0]) for term, part in energy.terms_pj.items()}
    assert shares["potentials"] > 0.8
    assert shares["operations"] < 0.01

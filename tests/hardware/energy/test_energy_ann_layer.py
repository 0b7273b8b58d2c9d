import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.energy.constant import load_constants
from hardware.energy.digital_machines import AnnMachine
from hardware.energy.energy_ann_layer import ann_layer_energy, multiplications, reuse
from tests.hardware.energy_reference import slow_ann_layer
from tests.hardware.layer_counts import edge_counts, layer_counts

NM45 = load_constants("nm45").values
MACHINES = st.builds(
    AnnMachine,
    weight_bits=st.integers(1, 8),
    activation_bits=st.integers(1, 8),
    input_bits=st.integers(1, 8),
    accumulator_bits=st.integers(16, 32),
    reuse=st.sampled_from((1.0, 10.0, 100.0)),
    skips_zeros=st.booleans(),
    memory_bytes=st.sampled_from((None, 131_072.0)),
)
LAYER = layer_counts(
    edge_counts([[40, 10]], [[300, 100]], graded=True, source="input"),
    edge_counts([[20, 30]], [[500, 700]], graded=True, num_synapses=900, num_weights=25),
    spikes=[[30, 20]],
)


@settings(max_examples=20, deadline=None)
@given(MACHINES, st.integers(0, 1))
def test_against_the_loop(machine: AnnMachine, sample: int) -> None:
    energy = ann_layer_energy(LAYER, machine, NM45)
    slow = slow_ann_layer(LAYER, machine, NM45, sample)
    assert energy.terms_pj.keys() == slow.keys()
    for term, energy_pj in slow.items():
        assert energy.terms_pj[term][sample] == pytest.approx(energy_pj, rel=1e-9), term


def test_dense_machines_multiply_by_zero() -> None:
    edge = LAYER.edges[0]
    assert multiplications(edge, AnnMachine()).tolist() == [576, 576]
    assert multiplications(edge, AnnMachine(skips_zeros=True)).tolist() == [300, 100]


def test_reuse_is_bounded_by_how_often_a_word_is_needed() -> None:
    edge = edge_counts(
        [[1]], [[1]], kind="conv", num_synapses=600, num_weights=20, num_source_neurons=500
    )
    assert [reuse(20, edge, AnnMachine(reuse=r)) for r in (1.0, 10.0, 100.0)] == [1, 10, 30]
    assert [reuse(500, edge, AnnMachine(reuse=r)) for r in (1.0, 10.0)] == [1, 1.2]
    assert reuse(900, edge, AnnMachine(reuse=10.0)) == 1  # some are needed by nobody


def test_narrow_activations_cost_less() -> None:
    """Bits that move, and partial products, are proportional to the width."""
    edge = edge_counts([[40]], [[300]], graded=True)
    layer = layer_counts(edge, spikes=[[0]])
    narrow, wide = (
        ann_layer_energy(layer, AnnMachine(activation_bits=b), NM45).terms_pj for b in (4, 8)
    )
    assert narrow["inputs"] == pytest.approx(wide["inputs"] / 2)
    assert narrow["outputs"] == pytest.approx(wide["outputs"] / 2)
    assert wide["operations"] - narrow["operations"] == pytest.approx(576 * 0.1)


def test_spikes_are_refused() -> None:
    layer = layer_counts(edge_counts([[1]], [[9]]), spikes=[[0]])
    with pytest.raises(ValueError, match="'layer': the edge from 'before' carries spikes"):
        ann_layer_energy(layer, AnnMachine(), NM45)

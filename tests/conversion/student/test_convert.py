from dataclasses import replace

import pytest
import torch

from conversion.simulate import integer_simulator
from conversion.student.convert import check_pipelined, convert, depth_scores
from conversion.student.student_run import padded_input
from snn_depth.data.sample import Batch, View
from tests.conversion.calibrated_student import calibrated_student, counts


@pytest.fixture(scope="module")
def batch() -> Batch:
    spikes = counts(num_steps=4, batch=3, height=32, width=40)
    depth_m = torch.linspace(2, 60, 32)[:, None].expand(3, 1, 32, 40)
    return Batch({"spikes": View(spikes, depth_m=depth_m)})


def test_all_stages(batch: Batch) -> None:
    network = calibrated_student()
    conversion = convert(network, batch, num_weight_bits=8, largest_input=16)
    assert [row.name for row in conversion.rows][-1] == "readout"
    for row in conversion.rows[:-1]:
        assert row.firing is not None and row.firing.mismatches == 0
        assert abs(row.firing.rate_integer - row.firing.rate) < 0.05 * row.firing.rate
    assert conversion.rows[0].firing is not None
    assert 0 < conversion.rows[0].firing.share_changed < 0.05
    assert conversion.rows[-1].drift is not None
    assert conversion.rows[-1].drift.from_student < 1e-9
    float_scores = depth_scores(network, *conversion.stage("float"), batch)
    integer_scores = depth_scores(network, *conversion.stage("integer"), batch)
    prediction = network(batch["spikes"].image).depth_m
    target = batch["spikes"].depth_m
    expected = ((prediction - target).abs() / target).mean().item()
    assert float_scores["abs_rel"] == pytest.approx(expected, rel=1e-4)
    assert integer_scores["abs_rel"] == pytest.approx(expected, rel=0.1)
    assert integer_scores["abs_rel"] != float_scores["abs_rel"]


def test_a_wrong_delay_is_found_and_named(batch: Batch) -> None:
    network = calibrated_student()
    conversion = convert(network, batch, num_weight_bits=8, largest_input=16)
    graph = conversion.integer_graph
    inputs = padded_input(network, batch["spikes"].image)
    aligned = integer_simulator.simulate(graph, inputs)
    wrong = {
        "dec1": replace(
            graph["dec1"], edges=tuple(replace(e, delay=0) for e in graph["dec1"].edges)
        )
    }
    layers = tuple(wrong.get(layer.name, layer) for layer in graph.layers)
    with pytest.raises(ValueError, match="layer 'dec1' is the first whose spikes differ"):
        check_pipelined(replace(graph, layers=layers), inputs, aligned)


def test_a_student_that_computes_something_else_is_refused(
    batch: Batch,
) -> None:
    """A hook stands for whatever a user's own network may do between the layers."""
    network = calibrated_student()
    network.projections["enc1b_to_enc2a"].register_forward_hook(lambda m, x, y: y + 0.1)
    with pytest.raises(ValueError, match="layer 'enc2a' is the first that differs"):
        convert(network, batch, num_weight_bits=8, largest_input=16)

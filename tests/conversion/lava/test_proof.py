from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.layer_graph import Arithmetic
from conversion.lava.proof import LavaProof, LavaTarget, layer_differences
from conversion.lava_runtime.lava_run import LavaRun
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.simulation import Trace
from tests.conversion.small_graphs import counts, skip_graph


def trace_of(arithmetic: Arithmetic) -> Trace:
    simulator = integer_simulator if arithmetic == "integer" else float_simulator
    return simulator.simulate(skip_graph(arithmetic), counts(), record_membranes=True)


def proof_of(target: LavaTarget, found: Trace, expected: Trace) -> LavaProof:
    run = LavaRun(found, 32, 20, 1.5, 2.5, 10**8, 10**6, "0.10.0", "3.10.13")
    differences = layer_differences(skip_graph(), found, expected)
    return LavaProof(target, "fast", run, 0.5, differences)


def test_equal_runs() -> None:
    found, expected = trace_of("integer"), trace_of("integer")
    proof = proof_of("lava-fixed", found, expected)
    proof.check()
    assert list(proof.differences) == ["a", "b", "c", "d", "out"]
    assert [d.num_spikes for d in proof.differences.values()] == [0, 0, 0, 0, None]
    assert proof.name == "Lava fixed"
    assert proof.summary == {
        "target": "lava-fixed",
        "synapses": "fast",
        "lava_version": "0.10.0",
        "num_samples": 3,
        "num_steps": 7,
    }


def test_a_single_spike_is_found_and_its_layer_named() -> None:
    expected = trace_of("integer")
    flipped = {name: spikes.copy() for name, spikes in expected.spikes.items()}
    flipped["c"].flat[17] ^= True
    flipped["d"].flat[3:5] ^= True
    proof = proof_of("lava-fixed", Trace(flipped, expected.membranes), expected)
    assert [d.num_spikes for d in proof.differences.values()] == [0, 0, 1, 2, None]
    with pytest.raises(
        ValueError,
        match=r"^layer 'c' is the first that differs between the integer simulator and Lava fixed: "
        r"by 1 spikes$",
    ):
        proof.check()


@pytest.mark.parametrize(
    ("arithmetic", "target", "change", "message"),
    [
        ("integer", "lava-fixed", 1, "by 1 of membrane; accepted: 0"),
        ("float", "lava-float", 2e-9, "by 2e-09 of membrane; accepted: 1e-09"),
        ("float", "lava-float", np.nan, "by nan of membrane"),
    ],
)
def test_a_single_membrane_is_found(
    arithmetic: Arithmetic, target: LavaTarget, change: float, message: str
) -> None:
    expected = trace_of(arithmetic)
    membranes = {name: v.copy() for name, v in expected.membranes.items()}
    membranes["b"].flat[5] += change
    proof = proof_of(target, Trace(expected.spikes, membranes), expected)
    with pytest.raises(ValueError, match=f"layer 'b' is the first that differs .*{message}"):
        proof.check()


def test_float_membranes_may_round_differently() -> None:
    expected = trace_of("float")
    membranes = {name: v + 1e-12 for name, v in expected.membranes.items()}
    proof_of("lava-float", Trace(expected.spikes, membranes), expected).check()


def test_runs_of_other_lengths_are_refused() -> None:
    expected = trace_of("integer")
    shorter = {name: v[:, :1] for name, v in expected.membranes.items()}  # would broadcast
    with pytest.raises(ValueError, match=r"layer 'a' has records of shape \(7, 1, 4, 4, 6\)"):
        layer_differences(skip_graph(), replace(expected, membranes=shorter), expected)

import pytest
import torch

from snn_depth.losses.synops import synops_per_synapse


def test_hand_computed() -> None:
    rates = {name: torch.tensor(r, dtype=torch.float64) for name, r in (("a", 0.1), ("b", 0.5))}
    synapses = {"input": 999, "a": 300, "b": 100}
    # 30 + 50 synaptic operations per step at 400 synapses; what is no population does not count.
    assert synops_per_synapse(rates, synapses).item() == pytest.approx(0.2, rel=1e-12)


def test_gradient_is_the_share_of_the_synapses() -> None:
    rates = {name: torch.tensor(0.2, requires_grad=True) for name in "abc"}
    synops_per_synapse(rates, {"a": 1, "b": 2, "c": 7}).backward()
    gradients = [rate.grad.item() for rate in rates.values() if rate.grad is not None]
    assert gradients == pytest.approx([0.1, 0.2, 0.7])


def test_size_of_the_network_does_not_matter() -> None:
    rates = {"a": torch.tensor(0.1), "b": torch.tensor(0.3)}
    small, large = ({"a": k * 3, "b": k * 5} for k in (1, 10**9))
    assert synops_per_synapse(rates, small) == synops_per_synapse(rates, large)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="no firing rates given"):
        synops_per_synapse({}, {"a": 1})
    with pytest.raises(ValueError, match="num_synapses of 'b' is None; accepted: positive"):
        synops_per_synapse({"a": torch.tensor(0.1), "b": torch.tensor(0.1)}, {"a": 1})
    with pytest.raises(ValueError, match="num_synapses of 'a' is 0; accepted: positive"):
        synops_per_synapse({"a": torch.tensor(0.1)}, {"a": 0})

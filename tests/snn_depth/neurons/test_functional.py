import pytest
import torch

from snn_depth.neurons.functional import cuba_lif_step, li_step, lif_step
from snn_depth.neurons.surrogate import ATan, SuperSpike

LIF = {"decay_v": 0.5, "v_threshold": 1.0, "surrogate": ATan()}


def test_lif_by_hand() -> None:
    v = torch.zeros(1)
    # h:     0.75  1.125->fires  0.5   1.0 (a tie: stays)  1.75->fires  -2.0  -1.0
    inputs = [0.75, 0.75, 0.5, 0.75, 1.25, -2.0, 0.0]
    seen = []
    for x in inputs:
        s, v = lif_step(torch.tensor([x]), v, **LIF)
        seen.append((s.item(), v.item()))
    assert seen == [(0, 0.75), (1, 0), (0, 0.5), (0, 1.0), (1, 0), (0, -2.0), (0, -1.0)]


def test_reset_takes_no_part_in_the_gradient() -> None:
    x = torch.tensor([2.0, 0.5], dtype=torch.float64, requires_grad=True)
    v0 = torch.tensor([0.4, 0.4], dtype=torch.float64, requires_grad=True)
    _, v = lif_step(x, v0, **LIF)
    v.sum().backward()
    # had the reset a gradient, the neuron that fires would pass on -h times the surrogate's
    assert x.grad.tolist() == [0, 1]
    assert v0.grad.tolist() == [0, 0.5]


def test_gradient_of_spikes_by_hand() -> None:
    x = torch.tensor([2.0, 0.5], dtype=torch.float64, requires_grad=True)
    s, _ = lif_step(
        x, torch.zeros(2), decay_v=0.5, v_threshold=1.0, surrogate=SuperSpike(alpha=1.0)
    )
    s.sum().backward()
    assert x.grad.tolist() == pytest.approx([1 / 4, 1 / 2.25])


def test_leaky_integrator_by_hand() -> None:
    v = li_step(torch.tensor([3.0]), torch.tensor([8.0]), decay_v=0.25)
    assert v.item() == 9.0


def test_current_based_neuron_by_hand() -> None:
    u, v = torch.zeros(1), torch.zeros(1)
    seen = []
    for x in [0.5, 0.5, 0.0, 0.0]:
        s, u, v = cuba_lif_step(torch.tensor([x]), u, v, decay_u=0.5, **LIF)
        seen.append((s.item(), u.item(), v.item()))
    # h = 0.5, 1.0 (a tie), 0.875, 0.625
    assert seen == [(0, 0.5, 0.5), (0, 0.75, 1.0), (0, 0.375, 0.875), (0, 0.1875, 0.625)]


def test_a_spike_does_not_reset_the_current() -> None:
    s, u, v = cuba_lif_step(torch.tensor([4.0]), torch.zeros(1), torch.zeros(1), decay_u=0.5, **LIF)
    assert (s.item(), u.item(), v.item()) == (1, 4, 0)


def test_current_that_decays_at_once_is_no_current() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 50, generator=generator)
    u, v, v_plain = torch.zeros(50), torch.zeros(50), torch.zeros(50)
    for step in x:
        s, u, v = cuba_lif_step(step, u, v, decay_u=1.0, **LIF)
        s_plain, v_plain = lif_step(step, v_plain, **LIF)
        assert torch.equal(s, s_plain)
        assert torch.equal(v, v_plain)

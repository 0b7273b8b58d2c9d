import pytest
import torch

from snn_depth.neurons.activity import activity_warnings, firing_rate


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.bool])
def test_firing_rate_is_the_mean(dtype: torch.dtype) -> None:
    spikes = torch.zeros(5, 2, 3, 4, 4)
    spikes.view(-1)[:119] = 1
    rate = firing_rate(spikes.to(dtype))
    assert rate.shape == ()
    assert rate.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert rate.item() == pytest.approx(119 / 480)


def test_firing_rate_is_differentiable() -> None:
    spikes = torch.ones(10, requires_grad=True)
    firing_rate(spikes).backward()
    assert spikes.grad.tolist() == pytest.approx([0.1] * 10)


def test_warnings_name_the_population_and_its_rate() -> None:
    rates = {"stem": 0.0004, "stage1": 0.08, "stage2": 0.731, "up1": 0.001, "up2": 0.6}
    assert activity_warnings(rates) == [
        "stem: population is dead, firing rate 0.04% (below 0.1%)",
        "stage2: population is saturated, firing rate 73.10% (above 60%)",
    ]

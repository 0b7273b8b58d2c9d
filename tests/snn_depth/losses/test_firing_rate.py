import pytest
import torch

from snn_depth.losses.firing_rate import firing_rate_penalty


def test_hand_computed() -> None:
    rates = [torch.tensor(r, dtype=torch.float64) for r in (0.0, 0.1, 0.5)]
    # 0.02 too low, inside, 0.3 too high.
    expected = (0.02**2 + 0.0 + 0.3**2) / 3
    assert firing_rate_penalty(rates).item() == pytest.approx(expected, rel=1e-12)


def test_gradient_points_back_into_the_range_and_is_zero_inside() -> None:
    rates = [torch.tensor(r, requires_grad=True) for r in (0.0, 0.1, 0.5)]
    firing_rate_penalty(rates).backward()
    low, inside, high = (rate.grad for rate in rates)
    assert low is not None and low < 0
    assert inside is not None and inside == 0
    assert high is not None and high > 0


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"got 0\.3 and 0\.2"):
        firing_rate_penalty([torch.tensor(0.1)], min_rate=0.3, max_rate=0.2)
    with pytest.raises(ValueError, match="no firing rates"):
        firing_rate_penalty([])

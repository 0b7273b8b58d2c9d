import pytest
import torch
from torch import Tensor

from snn_depth.losses.pseudo_labels import pseudo_label_mask


def slow_mask(uncertainty: Tensor, quantile: float, max_uncertainty: float) -> list[bool]:
    """Pixels up to the one on the quantile's place when all are put in order."""
    values = uncertainty.flatten().tolist()
    place = min(max(round(quantile * len(values)), 1), len(values))
    bound = sorted(values)[place - 1] if quantile > 0 else float("-inf")
    return [v <= bound and v <= max_uncertainty for v in values]


@pytest.mark.parametrize("quantile", [0.0, 0.001, 0.25, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("max_uncertainty", [0.0, 0.4, 1.0])
def test_equals_slow_reference(quantile: float, max_uncertainty: float) -> None:
    uncertainty = torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(0))
    uncertainty[0] = (4 * uncertainty[0]).round() / 4  # ties
    mask = pseudo_label_mask(uncertainty, quantile=quantile, max_uncertainty=max_uncertainty)
    assert mask.shape == uncertainty.shape and mask.dtype == torch.bool
    assert mask.flatten().tolist() == slow_mask(uncertainty, quantile, max_uncertainty)


def test_half_of_a_batch_by_hand() -> None:
    uncertainty = torch.tensor([[0.1, 0.8], [0.7, 0.2]]).view(2, 1, 1, 2)
    assert pseudo_label_mask(uncertainty).flatten().tolist() == [True, False, False, True]


def test_the_share_is_the_batch_s_not_each_sample_s() -> None:
    uncertainty = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 0.9)])
    mask = pseudo_label_mask(uncertainty, quantile=0.5)
    assert mask[0].all() and not mask[1].any()


def test_ties_at_the_bound_pass_together() -> None:
    assert pseudo_label_mask(torch.full((2, 1, 3, 3), 0.4), quantile=0.1).all()


def test_absolute_bound_keeps_nothing_of_a_bad_batch() -> None:
    uncertainty = 0.5 + 0.5 * torch.rand(2, 1, 3, 3)
    assert not pseudo_label_mask(uncertainty, quantile=0.5, max_uncertainty=0.3).any()


def test_mask_carries_no_gradient() -> None:
    uncertainty = torch.rand(1, 1, 2, 2, requires_grad=True)
    assert not pseudo_label_mask(uncertainty).requires_grad


@pytest.mark.parametrize("name", ["quantile", "max_uncertainty"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_bad_arguments(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; accepted: 0 to 1"):
        pseudo_label_mask(torch.rand(1, 1, 2, 2), **{name: value})

import torch

from snn_depth.losses.masked_mean import masked_mean


def test_mask_broadcasts_and_nan_outside_is_ignored() -> None:
    values = torch.tensor([[[1.0, float("nan")], [3.0, float("nan")]]])
    assert masked_mean(values, torch.tensor([[True, False]])).item() == 2.0

"""Batches small enough for every objective test."""

from typing import Any

import pytest
import torch
from torch import Tensor


@pytest.fixture
def batch() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    depth_m = 1 + 40 * torch.rand(4, 1, 32, 32, generator=generator)
    depth_m[:, :, :4] = 0  # sky
    return {
        "spikes": torch.poisson(torch.full((2, 4, 1, 32, 32), 4.0), generator),
        "rgb": torch.rand(4, 3, 32, 32, generator=generator),
        "depth_m": depth_m,
        "valid_mask": depth_m > 0,
    }


@pytest.fixture
def pair(batch: dict[str, Tensor]) -> dict[str, Any]:
    """The batch with a darker, unlabelled target; the strong view drops and mirrors."""
    generator = torch.Generator().manual_seed(1)
    rates = 3 * torch.rand(1, 4, 1, 32, 32, generator=generator).expand(2, -1, -1, -1, -1)
    weak = torch.poisson(rates, generator)
    mirrored = torch.tensor([True, False, True, False])
    strong = torch.binomial(weak, torch.full_like(weak, 0.9), generator)
    strong = torch.where(mirrored.view(1, -1, 1, 1, 1), strong.flip(-1), strong)
    target = {"spikes": weak, "strong_spikes": strong, "mirrored": mirrored}
    return batch | {"target": target}

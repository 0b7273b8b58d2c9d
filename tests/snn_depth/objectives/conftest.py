"""A batch small enough for every objective test."""

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

"""Batches small enough for every objective test."""

from dataclasses import replace

import pytest
import torch

from snn_depth.data.sample import Batch, Target, View


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    depth_m = 1 + 40 * torch.rand(4, 1, 32, 32, generator=generator)
    depth_m[:, :, :4] = 0  # sky
    spikes = torch.poisson(torch.full((2, 4, 1, 32, 32), 4.0), generator)
    rgb = torch.rand(4, 3, 32, 32, generator=generator)
    return Batch({"spikes": View(spikes, depth_m=depth_m), "rgb": View(rgb, depth_m=depth_m)})


@pytest.fixture
def pair(batch: Batch) -> Batch:
    """The batch with a darker, unlabelled target; the strong view drops and mirrors."""
    generator = torch.Generator().manual_seed(1)
    rates = 3 * torch.rand(1, 4, 1, 32, 32, generator=generator).expand(2, -1, -1, -1, -1)
    weak = torch.poisson(rates, generator)
    mirrored = torch.tensor([True, False, True, False])
    strong = torch.binomial(weak, torch.full_like(weak, 0.9), generator)
    strong = torch.where(mirrored.view(1, -1, 1, 1, 1), strong.flip(-1), strong)
    views = (Batch({"spikes": View(spikes)}) for spikes in (weak, strong))
    return replace(batch, target=Target(*views, mirrored))

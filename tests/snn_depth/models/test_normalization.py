import torch
from torch import nn

from snn_depth.models.normalization import batch_norms


def test_finds_all_of_them() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2)))
    assert batch_norms(network) == [network[1], network[2][0]]

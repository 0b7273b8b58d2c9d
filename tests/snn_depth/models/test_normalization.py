import copy

import pytest
import torch
from torch import nn

from snn_depth.models.normalization import batch_norms, with_kept_statistics


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2)))


def test_finds_all_of_them() -> None:
    network = make_network()
    assert batch_norms(network) == [network[1], network[2][0]]


def test_kept_statistics_are_used_and_stay() -> None:
    network = make_network()
    network(torch.randn(4, 1, 6, 6))  # in training: statistics of some kind
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x = 5 + torch.randn(4, 1, 6, 6)
    with with_kept_statistics(network):
        output = network(x)
    assert torch.equal(output, copy.deepcopy(network).eval()(x)), "as at prediction"
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(module.training for module in network.modules())
    network(x)
    assert not torch.equal(network[1].running_mean, before["1.running_mean"]), "records again"


def test_what_was_in_evaluation_mode_stays_there_also_after_an_error() -> None:
    network = make_network()
    network[1].eval()
    with pytest.raises(RuntimeError), with_kept_statistics(network):
        network(torch.zeros(1, 3, 6, 6))
    assert [norm.training for norm in batch_norms(network)] == [False, True]

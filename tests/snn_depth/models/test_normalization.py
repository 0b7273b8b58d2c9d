import copy

import pytest
import torch
from torch import nn

from snn_depth.models.normalization import batch_norms, without_recording


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2)))


def test_finds_all_of_them() -> None:
    network = make_network()
    assert batch_norms(network) == [network[1], network[2][0]]


@pytest.mark.parametrize("momentum", [0.1, None])
def test_normalises_by_batch_without_recording(momentum: float | None) -> None:
    network = make_network()
    for norm in batch_norms(network):
        norm.momentum = momentum
    recording = copy.deepcopy(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x = 5 + torch.randn(4, 1, 6, 6)
    with without_recording(network):
        output = network(x)
    assert torch.equal(output, recording(x)), "the same normalisation"
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    network(x)
    for name, tensor in network.state_dict().items():  # as if nothing had been between
        assert torch.equal(tensor, recording.state_dict()[name]), name


def test_evaluation_mode_keeps_using_the_recorded_statistics() -> None:
    network = make_network().eval()
    x = 5 + torch.randn(4, 1, 6, 6)
    expected = network(x)
    with without_recording(network):
        assert torch.equal(network(x), expected)


def test_records_again_after_an_error() -> None:
    network = make_network()
    with pytest.raises(RuntimeError), without_recording(network):
        network(torch.zeros(1, 3, 6, 6))
    assert all(norm.track_running_stats for norm in batch_norms(network))

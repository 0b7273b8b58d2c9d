import pytest
import torch
from torch import nn

from snn_depth.models.normalization import batch_norms, with_batch_statistics, with_kept_statistics


def test_finds_all_of_them() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2)))
    assert batch_norms(network) == [network[1], network[2][0]]


def test_kept_statistics_normalise_and_stay() -> None:
    """As in evaluation, for that while only, and also when what is run fails."""
    frozen = nn.BatchNorm2d(2).eval()
    network = nn.Sequential(nn.BatchNorm2d(2), frozen).train()
    frozen.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = 3 + torch.randn(4, 2, 5, 5)
    with with_kept_statistics(network):
        torch.testing.assert_close(network(x), x, rtol=1e-4, atol=1e-4)  # mean 0, variance 1
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert network[0].training and not frozen.training
    with pytest.raises(RuntimeError), with_kept_statistics(network):
        network(torch.randn(4, 3, 5, 5))
    assert network[0].training and not frozen.training


@pytest.mark.parametrize("mode", [True, False])
def test_batch_statistics_normalise_in_either_mode_and_nothing_is_kept(mode: bool) -> None:
    untracked = nn.BatchNorm2d(2, track_running_stats=False)
    network = nn.Sequential(nn.BatchNorm2d(2), untracked).train(mode)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = 3 + 2 * torch.randn(4, 2, 5, 5)
    centred = x - x.mean((0, 2, 3), keepdim=True)
    expected = centred / x.var((0, 2, 3), unbiased=False, keepdim=True).sqrt()
    with with_batch_statistics(network):
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    with pytest.raises(RuntimeError), with_batch_statistics(network):
        network(torch.randn(4, 3, 5, 5))
    assert network[0].training == untracked.training == mode
    assert network[0].track_running_stats and not untracked.track_running_stats

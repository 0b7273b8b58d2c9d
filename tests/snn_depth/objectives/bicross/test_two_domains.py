import copy

import pytest
import torch
from torch import Tensor

from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.normalization import batch_norms
from snn_depth.objectives.bicross.two_domains import Statistics, predict_two_domains

TAP = "enc1b"


def tiny_student() -> AnnDepthNet:
    torch.manual_seed(0)
    return AnnDepthNet(channel_multipliers=(1, 2)).train()


@pytest.fixture
def spikes() -> tuple[Tensor, Tensor]:
    """A bright source and a dark target of another size."""
    torch.manual_seed(1)
    return (torch.rand(2, 3, 1, 32, 48) < 0.5).float(), (torch.rand(2, 3, 1, 24, 64) < 0.1).float()


def test_one_batch_is_what_the_network_says_of_both(spikes: tuple[Tensor, Tensor]) -> None:
    source, target = spikes
    student = tiny_student()
    both = torch.zeros(2, 6, 1, 32, 64)
    both[:, :3, :, :, :48], both[:, 3:, :, :24] = source, target
    expected = copy.deepcopy(student)(both).depth_m
    ours, theirs = predict_two_domains(student, source, target)
    torch.testing.assert_close(ours.depth_m, expected[:3, :, :, :48])
    torch.testing.assert_close(theirs.depth_m, expected[3:, :, :24])


def test_separate_statistics_give_each_domain_its_own(spikes: tuple[Tensor, Tensor]) -> None:
    student = tiny_student()
    copied = copy.deepcopy(student)
    predictions = predict_two_domains(student, *spikes, taps=(TAP,), statistics="separate")
    for prediction, seen in zip(predictions, spikes, strict=True):
        expected = copied(seen, taps=(TAP,))
        torch.testing.assert_close(prediction.depth_m, expected.depth_m)
        torch.testing.assert_close(prediction.features[TAP], expected.features[TAP])


@pytest.mark.parametrize(
    ("statistics", "num_recorded"), [("common", 1), ("separate", 2), ("kept", 0)]
)
def test_how_often_statistics_are_recorded(
    spikes: tuple[Tensor, Tensor], statistics: Statistics, num_recorded: int
) -> None:
    student = tiny_student()
    predict_two_domains(student, *spikes, statistics=statistics)
    assert all(norm.num_batches_tracked == num_recorded for norm in batch_norms(student))
    assert all(norm.training for norm in batch_norms(student))


def test_kept_statistics_normalise(spikes: tuple[Tensor, Tensor]) -> None:
    student = tiny_student()
    both = predict_two_domains(student, *spikes, statistics="kept")
    student.eval()
    for prediction, seen in zip(both, spikes, strict=True):
        padded = torch.zeros(2, 3, 1, 32, 64)
        padded[..., : seen.shape[-2], : seen.shape[-1]] = seen
        expected = student(padded).depth_m[..., : seen.shape[-2], : seen.shape[-1]]
        torch.testing.assert_close(prediction.depth_m, expected)

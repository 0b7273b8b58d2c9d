"""What the released code of BiCross (arXiv 2208.12527) does wrong in its stage 3 is absent here.

One test per defect. That the test data chooses nothing is in training/test_adaptation.py.
"""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import Augmentation, AugmentedDataset
from snn_depth.data.augment.pairing import PairedDataset
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import Batch, Sample, View, collate
from snn_depth.geometry.crops import evaluation_crop_mask
from snn_depth.losses.domain_adversarial import domain_loss
from snn_depth.losses.pseudo_labels import pseudo_label_mask
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.bicross.self_correcting import SelfCorrectingTeacherStudent

Pair = Batch


def no_load(name: str) -> DepthPredictor:
    raise AssertionError(f"{name} is not needed")


@pytest.fixture
def student() -> AnnDepthNet:
    torch.manual_seed(0)
    return AnnDepthNet(channel_multipliers=(1, 2)).train()


@pytest.fixture
def objective(student: AnnDepthNet) -> SelfCorrectingTeacherStudent:
    """With its default weights, that is as recipes use it."""
    objective = SelfCorrectingTeacherStudent(adversarial_tap="enc1b")
    objective.setup(student, no_load)
    return objective.train()


def after_steps(
    objective: SelfCorrectingTeacherStudent, student: AnnDepthNet, num_steps: int, pair: Pair
) -> dict[str, Tensor]:
    """Terms once the ramp is over."""
    for _ in range(num_steps):
        objective.after_optimizer_step(student)
    terms: dict[str, Tensor] = objective(student, pair)
    return terms


def test_not_either_pseudo_labels_or_alignment_but_both(
    student: AnnDepthNet, objective: SelfCorrectingTeacherStudent, pair: Pair
) -> None:
    terms = after_steps(objective, student, 50, pair)
    assert terms["pseudo_label"] > 0 and terms["adversarial"] > 0


def test_source_supervision_does_not_end(
    student: AnnDepthNet, objective: SelfCorrectingTeacherStudent, pair: Pair
) -> None:
    """There it is a warm-up of three steps in front of the mean teacher."""
    for num_steps in (0, 3, 1000):
        terms = after_steps(objective, student, num_steps, pair)
        assert terms["depth"] > 0 and terms["uncertainty"] > 0


class Streets(Dataset[Sample]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Sample:
        generator = torch.Generator().manual_seed(index)
        spikes = torch.randint(1, 17, (8, 1, 32, 32), dtype=torch.uint8, generator=generator)
        return Sample({"spikes": View(spikes, depth_m=torch.full((1, 32, 32), 5.0))})


def test_teacher_and_student_see_different_views(
    student: AnnDepthNet, objective: SelfCorrectingTeacherStudent
) -> None:
    source = AugmentedDataset(Streets(), Augmentation(), seed=0)
    data = PairedDataset(source, Streets(), StrongView(), seed=0)
    seen: dict[str, list[Tensor]] = {"student": [], "teacher": []}
    student.register_forward_pre_hook(lambda _, args: seen["student"].append(args[0]))
    objective.teacher.register_forward_pre_hook(lambda _, args: seen["teacher"].append(args[0]))
    objective(student, collate([data[0, i] for i in range(4)]))
    (weak,), (both,) = seen["teacher"], seen["student"]
    strong = both[:, 4:]  # after the source
    for b in range(4):
        views = (strong[:, b], strong[:, b].flip(-1))
        assert not any(torch.equal(weak[:, b], view) for view in views)


def test_views_differ_in_the_time_bins_that_a_network_reads() -> None:
    """There, frames are shuffled (in a comment) within groups that fall into one bin."""
    shuffled_only = StrongView(
        mirror_probability=0, drop_share=0, max_gain=1, gain_std=0, num_erased=0
    )
    bins = Streets()[0]["spikes"].image
    view, _ = shuffled_only(bins, torch.Generator().manual_seed(0))
    assert not torch.equal(view, bins)
    assert torch.equal(view.sum(0), bins.sum(0))


def test_buffers_are_averaged_with_the_weights(
    student: AnnDepthNet, objective: SelfCorrectingTeacherStudent, pair: Pair
) -> None:
    objective(student, pair)  # moves the student's running statistics
    before = {k: v.clone() for k, v in objective.teacher.network.state_dict().items()}
    objective.after_optimizer_step(student)
    names = [k for k in before if k.endswith(("running_mean", "running_var"))]
    assert names
    for name in names:
        expected = 0.1 * before[name] + 0.9 * student.state_dict()[name]  # the first update
        torch.testing.assert_close(objective.teacher.network.state_dict()[name], expected)


def test_one_discriminator_sees_both_domains(
    student: AnnDepthNet, objective: SelfCorrectingTeacherStudent, pair: Pair
) -> None:
    seen: list[Tensor] = []
    objective.style_probability = 0  # the source as it is
    objective.discriminator.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    objective(student, pair)
    spikes = torch.cat([pair["spikes"].image, pair.target.strong["spikes"].image], dim=1)
    features = student(spikes, taps=("enc1b",)).features["enc1b"]
    assert len(seen) == 2
    torch.testing.assert_close(torch.cat(seen), features)


@pytest.mark.parametrize("logit", [-3.0, 0.0, 0.5, 8.0])
def test_a_constant_does_not_satisfy_the_discriminator(logit: float) -> None:
    """Two heads of one label each are right as constants, and then align nothing."""
    constant = torch.full((4, 1), logit)
    assert domain_loss(constant, constant) >= math.log(2) - 1e-6
    each = nn.functional.softplus(torch.tensor([-50.0, -50.0])).sum()  # what two heads reach
    assert each < 1e-12


def test_mask_is_of_the_uncertainty_alone_and_not_of_a_fixed_crop() -> None:
    """There, a crop made for KITTI's pictures is laid over maps of another size."""
    outside = ~evaluation_crop_mask("garg", 32, 64)
    uncertainty = torch.where(outside, 0.1, 0.9)[None, None]
    mask = pseudo_label_mask(uncertainty, quantile=outside.double().mean().item())
    assert torch.equal(mask[0, 0], outside)


def test_mask_is_of_the_batch_and_not_of_a_constant_threshold() -> None:
    uncertainty = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for scale in (1.0, 0.1, 0.01):
        mask = pseudo_label_mask(scale * uncertainty, quantile=0.5)
        assert torch.equal(mask, pseudo_label_mask(uncertainty, quantile=0.5))
        assert mask.sum() == 64

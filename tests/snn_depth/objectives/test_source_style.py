"""The source in the target's style, as SCTS uses it; the maths is in data/test_target_style.py."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.bicross.self_correcting import SelfCorrectingTeacherStudent

Pair = Batch


def no_load(name: str) -> DepthPredictor:
    raise AssertionError(f"{name} is not needed")


def make(
    style_probability: float = 1.0, run_seed: int = 0
) -> tuple[AnnDepthNet, SelfCorrectingTeacherStudent]:
    torch.manual_seed(run_seed)
    student = AnnDepthNet(channel_multipliers=(1, 2))
    objective = SelfCorrectingTeacherStudent(
        adversarial_tap="enc1b", style_probability=style_probability
    )
    objective.setup(student, no_load)
    return student.train(), objective.train()


@pytest.fixture
def target_depth_m() -> Tensor:
    """What a good teacher would see: as much at every depth as in the source."""
    return 1 + 40 * torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(7))


def is_changed(pair: Pair, result: Pair) -> list[bool]:
    return [
        not torch.equal(result["spikes"].image[:, b], pair["spikes"].image[:, b]) for b in range(4)
    ]


def test_chosen_samples_get_whole_counts_and_keep_their_labels(
    pair: Pair, target_depth_m: Tensor
) -> None:
    _, objective = make()
    before = pair["spikes"].image.clone()
    result = objective.styled(pair, target_depth_m)
    counts = result["spikes"].image
    assert all(is_changed(pair, result))
    assert torch.equal(counts, counts.round()) and counts.min() >= 0
    assert counts.dtype == torch.float32 and counts.shape == before.shape
    assert result["rgb"] is pair["rgb"] and result.target is pair.target
    assert result["spikes"].depth_m is pair["spikes"].depth_m
    assert torch.equal(pair["spikes"].image, before), "the batch itself is left as it was"
    # The target is darker; it shows nothing as far away as the sky in the first four rows.
    weak_mean = pair.target.weak["spikes"].image.mean().item()
    assert before.mean() > 2 * weak_mean
    assert counts[..., 4:, :].mean().item() == pytest.approx(weak_mean, rel=0.15)
    assert torch.equal(counts[..., :4, :], before[..., :4, :])


def test_no_count_above_the_largest_of_both_domains(pair: Pair, target_depth_m: Tensor) -> None:
    """One bright target pixel must not make counts that no camera gives."""
    counts = pair["spikes"].image
    weak = pair.target.weak.replace("spikes", image=(counts > 4).float() * 9)
    pair = replace(pair, target=replace(pair.target, weak=weak))
    pair = pair.replace("spikes", image=(counts > 8).float() * 5)
    _, objective = make()
    counts = objective.styled(pair, target_depth_m)["spikes"].image
    assert 5 < counts.max() <= 9


def test_randomness_is_the_step_s_and_the_run_s(pair: Pair, target_depth_m: Tensor) -> None:
    student, objective = make()
    first = objective.styled(pair, target_depth_m)["spikes"].image
    torch.rand(3)  # the global generator plays no part
    assert torch.equal(objective.styled(pair, target_depth_m)["spikes"].image, first)
    objective.after_optimizer_step(student)
    second = objective.styled(pair, target_depth_m)["spikes"].image
    assert not torch.equal(second, first)

    _, resumed = make()
    resumed.load_state_dict(objective.state_dict())
    assert torch.equal(resumed.styled(pair, target_depth_m)["spikes"].image, second)

    _, other_run = make(run_seed=1)
    assert not torch.equal(other_run.styled(pair, target_depth_m)["spikes"].image, first)


@pytest.mark.parametrize("probability", [0.25, 0.75])
def test_only_that_share_of_the_samples_changes(
    probability: float, pair: Pair, target_depth_m: Tensor
) -> None:
    _, objective = make(probability)
    changed: list[bool] = []
    for step in range(60):
        objective.num_steps.fill_(step)
        changed += is_changed(pair, objective.styled(pair, target_depth_m))
    assert sum(changed) / len(changed) == pytest.approx(probability, abs=0.1)


def test_without_style_the_batch_is_passed_on(pair: Pair, target_depth_m: Tensor) -> None:
    _, objective = make(0.0)
    assert objective.styled(pair, target_depth_m) is pair


def test_mixed_precision_does_not_reach_the_statistics(pair: Pair, target_depth_m: Tensor) -> None:
    _, objective = make()
    expected = objective.styled(pair, target_depth_m)["spikes"].image
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(objective.styled(pair, target_depth_m)["spikes"].image, expected)


def test_the_student_sees_it_and_the_teacher_gives_the_depth(pair: Pair) -> None:
    student, objective = make()
    # At first the teacher sees one depth everywhere: what the source has there is styled.
    depth_m = objective.teacher(pair.target.weak["spikes"].image).depth_m
    expected = objective.styled(pair, depth_m)["spikes"].image
    seen: list[Tensor] = []
    student.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    objective(student, pair)
    assert len(seen) == 1
    assert torch.equal(seen[0][:, :4], expected) and any(
        is_changed(pair, pair.replace("spikes", image=expected))
    )
    assert torch.equal(seen[0][:, 4:], pair.target.strong["spikes"].image)

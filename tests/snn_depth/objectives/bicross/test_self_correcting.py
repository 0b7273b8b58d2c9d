import copy
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snn_depth.data.sample import Batch
from snn_depth.data.view_fields import Window
from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.models.normalization import batch_norms
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.bicross.self_correcting import (
    SelfCorrectingTeacherStudent,
    mirror_where,
)
from snn_depth.objectives.supervised import SupervisedDepth

Pair = Batch
TAP = "enc1b"


def no_load(name: str) -> DepthPredictor:
    raise AssertionError(f"{name} is not needed")


def make(
    network: DepthNetwork | None = None, **options: Any
) -> tuple[DepthNetwork, SelfCorrectingTeacherStudent]:
    """Student and objective, set up; without ramp and style unless they are asked for."""
    torch.manual_seed(0)
    network = network or AnnDepthNet(channel_multipliers=(1, 2))
    objective = SelfCorrectingTeacherStudent(
        **({"adversarial_tap": TAP, "ramp_steps": 0, "style_probability": 0.0} | options)
    )
    objective.setup(network, no_load)
    return network.train(), objective.train()


def both_domains(network: DepthNetwork, pair: Pair, **options: Any) -> DepthPrediction:
    """A copy's prediction for the four source and the four strong target samples, as one batch."""
    spikes = torch.cat([pair["spikes"].image, pair.target.strong["spikes"].image], dim=1)
    return copy.deepcopy(network)(spikes, **options)


def test_all_terms_in_one_loss_and_where_their_gradients_go(pair: Pair) -> None:
    student, objective = make()
    terms = objective(student, pair)
    assert set(terms) == {"depth", "uncertainty", "pseudo_label", "adversarial"}
    for name in terms:
        objective.zero_grad()
        student.zero_grad()
        terms[name].backward(retain_graph=True)
        moved = sum(p.grad.abs().sum() for p in student.parameters() if p.grad is not None)
        assert moved > 0, name
        judged = [p.grad is not None for p in objective.discriminator.parameters()]
        assert all(judged) if name == "adversarial" else not any(judged)
        assert all(p.grad is None for p in objective.teacher.parameters())


def test_the_teacher_is_not_optimised_but_kept_with_the_objective() -> None:
    _, objective = make()
    trained = {name for name, p in objective.named_parameters() if p.requires_grad}
    assert trained and all(name.startswith("discriminator.") for name in trained)
    assert {n.partition(".")[0] for n in objective.state_dict()} == {
        "num_steps",
        "teacher",
        "discriminator",
    }


def test_weights_scale_their_terms_and_0_switches_them_off(pair: Pair) -> None:
    student, objective = make()
    plain = objective(copy.deepcopy(student), pair)
    half = {"pseudo_label_weight": 0.5, "adversarial_weight": 0.05, "source_weight": 0.5}
    _, objective = make(**half)
    for name, term in objective(copy.deepcopy(student), pair).items():
        torch.testing.assert_close(term, 0.5 * plain[name], msg=name)
    for option, names in {
        "pseudo_label_weight": {"pseudo_label"},
        "adversarial_weight": {"adversarial"},
        "source_weight": {"depth", "uncertainty"},
    }.items():
        _, objective = make(**{option: 0.0})
        terms = objective(copy.deepcopy(student), pair)
        assert set(plain) - set(terms) == names
        for name, term in terms.items():
            torch.testing.assert_close(term, plain[name], msg=name)
    _, objective = make(adversarial_weight=0.0, adversarial_tap="none such")
    assert not any(p.requires_grad for p in objective.parameters()), "no idle discriminator"


def test_pseudo_label_term_is_the_teacher_s_weak_view_seen_as_the_strong_one(pair: Pair) -> None:
    student, objective = make(quantile=0.3)
    target = pair.target
    weak = objective.teacher(target.weak["spikes"].image)
    bound = weak.uncertainty.flatten().sort().values[round(0.3 * weak.uncertainty.numel()) - 1]
    labels, certain = weak.depth_m.clone(), weak.uncertainty <= bound
    for sample in (0, 2):  # the mirrored ones
        labels[sample], certain[sample] = labels[sample].flip(-1), certain[sample].flip(-1)
    depth_m = both_domains(student, pair).depth_m[4:]
    expected = scale_invariant_log_loss(depth_m, labels, certain)
    term = objective(student, pair)["pseudo_label"]
    torch.testing.assert_close(term, expected)
    depth_m, mask = objective.pseudo_labels(weak, target.mirrored)
    assert torch.equal(depth_m, labels) and torch.equal(mask, certain)
    assert not depth_m.requires_grad


def test_mirroring_hits_exactly_the_samples_that_are_mirrored() -> None:
    maps = torch.arange(12.0).view(3, 1, 2, 2)
    mirrored = mirror_where(torch.tensor([False, True, False]), maps)
    assert mirrored.flatten(1).tolist() == [[0, 1, 2, 3], [5, 4, 7, 6], [8, 9, 10, 11]]


def test_adversarial_term_judges_source_and_target_features(pair: Pair) -> None:
    student, objective = make(adversarial_weight=1.0)
    features = both_domains(student, pair, taps=(TAP,)).features[TAP]
    logits = [objective.discriminator(part) for part in (features[:4], features[4:])]
    expected = sum(
        0.5 * F.binary_cross_entropy_with_logits(x, torch.full_like(x, label))
        for label, x in enumerate(logits)
    )
    torch.testing.assert_close(objective(student, pair)["adversarial"], expected)


def test_reversal_turns_the_student_s_gradient_and_not_the_discriminator_s(pair: Pair) -> None:
    gradients = {}
    for reversal in (1.0, 0.5):
        student, objective = make(reversal=reversal)
        objective(student, pair)["adversarial"].backward()
        gradients[reversal] = (
            student.projections["input_to_stem"][0].weight.grad,
            objective.discriminator[-1].weight.grad,
        )
    torch.testing.assert_close(gradients[0.5][0], 0.5 * gradients[1.0][0])
    torch.testing.assert_close(gradients[0.5][1], gradients[1.0][1], rtol=0, atol=0)


def test_source_and_target_are_normalised_together(pair: Pair) -> None:
    """By the statistics of both, which also are what is recorded, once per step."""
    student, objective = make()
    stem = student.projections["input_to_stem"]
    spikes = torch.cat([pair["spikes"].image, pair.target.strong["spikes"].image], dim=1)
    currents = stem[0](spikes.sum(0)).double()
    mean, variance = currents.mean((0, 2, 3)).float(), currents.var((0, 2, 3)).float()
    objective(student, pair)
    torch.testing.assert_close(stem[1].running_mean, 0.1 * mean)
    torch.testing.assert_close(stem[1].running_var, 0.9 + 0.1 * variance)
    assert all(norm.num_batches_tracked == 1 for norm in batch_norms(student))


def test_separate_statistics_give_each_domain_its_own(pair: Pair) -> None:
    student, objective = make(separate_statistics=True, source_weight=1.0)
    expected = SupervisedDepth().terms(copy.deepcopy(student)(pair["spikes"].image), pair["spikes"])
    terms = objective(student, pair)
    for name, term in expected.items():
        torch.testing.assert_close(terms[name], term, msg=name)
    assert all(norm.num_batches_tracked == 2 for norm in batch_norms(student))


def test_source_terms_are_those_of_the_common_batch(pair: Pair) -> None:
    student, objective = make()
    both = both_domains(student, pair)
    expected = SupervisedDepth().terms(both.part(slice(4), 32, 32), pair["spikes"])
    terms = objective(student, pair)
    for name, term in expected.items():
        torch.testing.assert_close(terms[name], term, msg=name)


def test_a_smaller_source_is_padded_and_the_padding_counts_nowhere(pair: Pair) -> None:
    """Not in the labels, and not in what the discriminator sees."""
    view = pair["spikes"].crop(Window(0, 0, 20, 32))
    smaller = replace(pair, views={"spikes": view})
    padded = pair.replace("spikes", image=F.pad(view.image, (0, 0, 0, 12)))
    student, objective = make(adversarial_weight=1.0)
    both = both_domains(student, padded, taps=(TAP,))
    seen: list[Tensor] = []
    objective.discriminator.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    terms = objective(student, smaller)
    expected = scale_invariant_log_loss(both.depth_m[:4, :, :20], view.depth_m, view.valid_mask)
    torch.testing.assert_close(terms["depth"], expected)
    rows = -(-20 * both.features[TAP].shape[-2] // 32)
    torch.testing.assert_close(seen[0], both.features[TAP][:4, :, :rows])
    torch.testing.assert_close(seen[1], both.features[TAP][4:])


def test_the_teacher_may_see_the_target_by_the_target_s_statistics(pair: Pair) -> None:
    """As its network in training mode does, but nothing of it is recorded."""
    _, objective = make(target_statistics=True)
    teacher, before = objective.teacher, copy.deepcopy(objective.teacher.state_dict())
    spikes = pair.target.weak["spikes"].image
    expected = copy.deepcopy(teacher.network).train()(spikes).depth_m
    assert torch.equal(objective.teacher_sees(pair.target.weak).depth_m, expected)
    assert not torch.allclose(teacher(spikes).depth_m, expected), "its own are others"
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_an_adapted_network_may_teach_and_stays_as_it_is(pair: Pair) -> None:
    torch.manual_seed(1)
    adapted = AnnDepthNet(channel_multipliers=(1, 2)).eval()
    student = SpikingDepthNet(channel_multipliers=(1, 2)).train()
    objective = SelfCorrectingTeacherStudent(
        teacher="ann_full", adversarial_tap=TAP, ramp_steps=0, style_probability=0
    )
    assert objective.needs == ("ann_full",)
    objective.setup(student, {"ann_full": adapted}.__getitem__)
    seen = objective.teacher_sees(pair.target.weak)
    assert torch.equal(seen.depth_m, adapted(pair.target.weak["spikes"].image).depth_m)
    both = both_domains(student, pair)
    expected = objective.pseudo_label_loss(
        both.part(slice(4, 8), 32, 32), seen, pair.target.mirrored
    )
    torch.testing.assert_close(objective(student, pair)["pseudo_label"], expected)
    objective.after_optimizer_step(student)
    assert objective.num_steps == 1
    assert torch.equal(objective.teacher_sees(pair.target.weak).depth_m, seen.depth_m)
    assert not [name for name in objective.state_dict() if "teacher" in name]


def test_a_teacher_that_reads_pictures_is_refused() -> None:
    objective = SelfCorrectingTeacherStudent(teacher="rgb_teacher")
    with pytest.raises(ValueError, match="teacher 'rgb_teacher' reads 'rgb'; accepted: a network"):
        objective.setup(AnnDepthNet(), lambda name: AnnDepthNet(input_key="rgb"))


@pytest.mark.parametrize("part", [slice(1), slice(3)])
def test_other_time_bins_or_samples_than_the_target_s_are_refused(pair: Pair, part: slice) -> None:
    student, objective = make()
    key, axis = ("T", 0) if part == slice(1) else ("B", 1)
    counts = pair["spikes"].image
    spikes = counts[part] if key == "T" else counts[:, part]
    assert spikes.shape[axis] != counts.shape[axis]
    shapes = rf"source spikes have shape \({spikes.shape[0]}, {spikes.shape[1]}, 1, 32, 32\)"
    with pytest.raises(ValueError, match=shapes + ".*accepted: the same T and B"):
        objective(student, pair.replace("spikes", image=spikes))


def test_two_forwards_give_the_same(pair: Pair) -> None:
    """Fresh membranes in student and teacher: nothing is carried from batch to batch."""
    network = SpikingDepthNet(channel_multipliers=(1, 2))
    for name, parameter in network.named_parameters():
        if name.endswith("1.weight"):  # batch normalisation; with a gain of 1 hardly anything fires
            nn.init.constant_(parameter, 4.0)
    student, objective = make(network)
    first, second = objective(student, pair), objective(student, pair)
    assert first["pseudo_label"] > 0
    for name, term in first.items():
        assert torch.equal(term, second[name]), name


def test_ramp_of_weight_and_quantile(pair: Pair) -> None:
    student, objective = make(ramp_steps=4, quantile=0.2, final_quantile=0.6)
    target = pair.target
    weights, shares = [], []
    for _ in range(6):
        weights.append(objective.ramped_weight())
        teacher = objective.teacher(target.weak["spikes"].image)
        mask = objective.pseudo_labels(teacher, target.mirrored)[1]
        shares.append(mask.double().mean().item())
        objective.after_optimizer_step(student)
    assert weights == [0, 0.25, 0.5, 0.75, 1, 1]
    assert shares == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.6], abs=1e-3)


def test_no_certain_pixel_teaches_nothing(pair: Pair) -> None:
    student, objective = make(max_uncertainty=0.0)
    term = objective(student, pair)["pseudo_label"]
    assert term.item() == 0
    term.backward()
    assert all(p.grad is None or not p.grad.any() for p in student.parameters())


def test_visible_labels_are_learned_as_the_strong_view_shows_them(pair: Pair) -> None:
    depth_m = torch.zeros(4, 1, 32, 32)
    depth_m[0, :, :, :16] = 7.0  # one sample is labelled, and mirrored
    mirrored_m = depth_m.clone()
    mirrored_m[0] = depth_m[0].flip(-1)
    strong = pair.target.strong.replace("spikes", depth_m=mirrored_m)
    pair = replace(pair, target=replace(pair.target, strong=strong))
    student, objective = make(source_weight=0.0, adversarial_weight=0.0, pseudo_label_weight=0.0)
    ours = both_domains(student, pair).depth_m[4:]
    term = objective(student, pair)["target_depth"]
    errors = [math.log(d + 0.1) - math.log(7.1) for d in ours[0, 0, :, 16:].flatten().tolist()]
    mean = sum(errors) / len(errors)
    variance = sum((e - mean) ** 2 for e in errors) / len(errors)
    assert term.item() == pytest.approx(math.sqrt(variance + 0.15 * mean**2), rel=1e-4)


def test_supervised_settings_arrive(pair: Pair) -> None:
    student, objective = make(supervised=SupervisedDepth(uncertainty_weight=0.0))
    assert objective(student, pair)["uncertainty"] == 0


def target_errors(pair: Pair, num_steps: int, **options: Any) -> list[float]:
    """The teacher's error in a target that is 5 m away, after every step of training."""
    student, objective = make(quantile=1.0, **options)
    trained = [p for p in [*student.parameters(), *objective.parameters()] if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, 1e-2)
    errors = []
    for _ in range(num_steps):
        loss = torch.stack(list(objective(student, pair).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        objective.after_optimizer_step(student)
        depth_m = objective.teacher(pair.target.weak["spikes"].image).depth_m
        errors.append((depth_m / 5 - 1).abs().mean().item())
    return errors


def test_adapts_to_a_darker_domain(pair: Pair) -> None:
    """What is learned from the source's labels arrives in the teacher's view of the target."""
    pair = pair.replace("spikes", depth_m=torch.full((4, 1, 32, 32), 5.0))
    plain = target_errors(pair, 16)
    styled = target_errors(pair, 16, style_probability=1.0)
    assert styled[-1] < 0.6 * styled[0]
    assert styled[-1] < 0.6 * plain[-1]


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("pseudo_label_weight", -1.0, "0 or more"),
        ("adversarial_weight", -1.0, "0 or more"),
        ("source_weight", -0.5, "0 or more"),
        ("ramp_steps", -1, "0 or more"),
        ("reversal", -1.0, "0 or more"),
        ("quantile", 1.5, "0 to 1"),
        ("final_quantile", -0.5, "0 to 1"),
        ("max_uncertainty", 2.0, "0 to 1"),
        ("style_probability", 1.5, "0 to 1"),
        ("style_probability", -0.5, "0 to 1"),
        ("ema_decay", 1.0, "0 to below 1"),
    ],
)
def test_bad_options_are_refused_before_anything_is_trained(
    option: str, value: float, accepted: str
) -> None:
    with pytest.raises(ValueError, match=f"{option} is {value}; accepted: {accepted}"):
        SelfCorrectingTeacherStudent(**{option: value})


def test_statistics_are_separate_or_kept() -> None:
    with pytest.raises(ValueError, match="are both true; accepted: one of them"):
        SelfCorrectingTeacherStudent(separate_statistics=True, keep_statistics=True)


def test_unknown_tap_and_missing_target_are_named(pair: Pair) -> None:
    with pytest.raises(ValueError, match="adversarial_tap is 'enc9'; accepted: stem, enc1a"):
        make(adversarial_tap="enc9")
    student, objective = make()
    assert objective.needs_target
    with pytest.raises(ValueError, match="adapts to a target; name its data in `target_data`"):
        objective(student, replace(pair, target=None))

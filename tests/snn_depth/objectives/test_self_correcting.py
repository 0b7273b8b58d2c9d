import copy
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snn_depth.losses.silog import scale_invariant_log_loss
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.models.normalization import batch_norms
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.self_correcting import (
    SelfCorrectingTeacherStudent,
    discriminator,
    mirror_where,
)
from snn_depth.objectives.supervised import SupervisedDepth

Pair = dict[str, Any]
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


def predict_both(network: DepthNetwork, pair: Pair) -> DepthPrediction:
    """What a copy of the student says to the four source and the four target samples."""
    spikes = torch.cat([pair["spikes"], pair["target"]["strong_spikes"]], dim=1)
    prediction: DepthPrediction = copy.deepcopy(network)(spikes, taps=(TAP,))
    return prediction


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
    assert {n.partition(".")[0] for n in objective.state_dict()} == {"teacher", "discriminator"}


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
    target = pair["target"]
    weak = objective.teacher(target["spikes"])
    bound = weak.uncertainty.flatten().sort().values[round(0.3 * weak.uncertainty.numel()) - 1]
    labels, certain = weak.depth_m.clone(), weak.uncertainty <= bound
    for sample in (0, 2):  # the mirrored ones
        labels[sample], certain[sample] = labels[sample].flip(-1), certain[sample].flip(-1)
    ours = predict_both(student, pair).depth_m[4:]
    expected = scale_invariant_log_loss(ours, labels, certain)
    term = objective(student, pair)["pseudo_label"]
    torch.testing.assert_close(term, expected)
    depth_m, mask = objective.pseudo_labels(weak, target["mirrored"])
    assert torch.equal(depth_m, labels) and torch.equal(mask, certain)
    assert not depth_m.requires_grad


def test_mirroring_hits_exactly_the_samples_that_are_mirrored() -> None:
    maps = torch.arange(12.0).view(3, 1, 2, 2)
    mirrored = mirror_where(torch.tensor([False, True, False]), maps)
    assert mirrored.flatten(1).tolist() == [[0, 1, 2, 3], [5, 4, 7, 6], [8, 9, 10, 11]]


def test_adversarial_term_judges_source_and_target_features(pair: Pair) -> None:
    student, objective = make(adversarial_weight=1.0)
    features = predict_both(student, pair).features[TAP]
    logits = objective.discriminator(features).split(4)
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


def test_source_and_target_are_normalised_as_one_batch(pair: Pair) -> None:
    student, objective = make()
    together = copy.deepcopy(student)
    together(torch.cat([pair["spikes"], pair["target"]["strong_spikes"]], dim=1))
    objective(student, pair)
    for name, tensor in student.state_dict().items():
        assert torch.equal(tensor, together.state_dict()[name]), name
    assert all(norm.num_batches_tracked == 1 for norm in batch_norms(student))


def test_source_terms_are_of_the_source(pair: Pair) -> None:
    student, objective = make()
    ours = predict_both(student, pair).depth_m[:4]
    expected = scale_invariant_log_loss(ours, pair["depth_m"], pair["valid_mask"])
    torch.testing.assert_close(objective(student, pair)["depth"], expected)


def test_kept_statistics_are_those_that_the_student_starts_with(pair: Pair) -> None:
    student, objective = make(keep_statistics=True)
    before = copy.deepcopy(student.state_dict())
    expected = copy.deepcopy(student).eval()(pair["spikes"]).depth_m
    source, _ = objective.predict_both(student, pair)
    torch.testing.assert_close(source.depth_m, expected)
    for name, tensor in student.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(norm.training for norm in batch_norms(student))


def test_the_smaller_of_source_and_target_is_padded_and_cropped_back(pair: Pair) -> None:
    student, objective = make(keep_statistics=True)  # else the padding is in the statistics
    wide = torch.poisson(torch.full((2, 4, 1, 32, 64), 3.0))
    pair["target"]["strong_spikes"] = wide
    source, target = objective.predict_both(student, pair)
    assert source.depth_m.shape == source.uncertainty.shape == (4, 1, 32, 32)
    alone = copy.deepcopy(student).eval()(wide)
    torch.testing.assert_close(target.depth_m, alone.depth_m)
    torch.testing.assert_close(target.uncertainty, alone.uncertainty)


def test_source_and_target_with_other_bins_are_refused(pair: Pair) -> None:
    student, objective = make()
    pair["target"]["strong_spikes"] = torch.zeros(4, 4, 1, 32, 32)
    with pytest.raises(
        ValueError, match=r"source spikes have shape \(2, 4, .*accepted: the same T and B"
    ):
        objective(student, pair)


def test_style_is_drawn_by_the_step_and_leaves_labels_alone(pair: Pair) -> None:
    student, objective = make(style_probability=0.5)
    before = {name: pair[name].clone() for name in ("spikes", "depth_m", "valid_mask")}
    target_depth_m = objective.teacher(pair["target"]["spikes"]).depth_m

    def styled() -> Tensor:
        batch = objective.styled(pair, target_depth_m)
        for name, value in before.items():
            assert torch.equal(pair[name], value), name
            assert name == "spikes" or batch[name] is pair[name]
        counts: Tensor = batch["spikes"]
        return counts

    draws, changed = [], []
    for _ in range(16):
        draws.append(styled())
        torch.rand(1)  # the global generator plays no part
        assert torch.equal(styled(), draws[-1])
        changed += [not torch.equal(draws[-1][:, b], pair["spikes"][:, b]) for b in range(4)]
        objective.after_optimizer_step(student)
    assert 0.3 < sum(changed) / len(changed) < 0.7
    largest = max(pair["spikes"].max(), pair["target"]["spikes"].max())
    counts = torch.stack(draws)
    assert torch.equal(counts, counts.round()) and counts.min() >= 0 and counts.max() <= largest


def test_style_of_none_and_of_all(pair: Pair) -> None:
    _, objective = make()
    depth_m = torch.full((4, 1, 32, 32), 5.0)
    assert objective.styled(pair, depth_m) is pair
    _, objective = make(style_probability=1.0)
    spikes = objective.styled(pair, depth_m)["spikes"]
    assert not any(torch.equal(spikes[:, b], pair["spikes"][:, b]) for b in range(4))


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
    weak = objective.teacher(pair["target"]["spikes"])
    weights, shares = [], []
    for _ in range(6):
        weights.append(objective.ramped_weight())
        _, mask = objective.pseudo_labels(weak, pair["target"]["mirrored"])
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
    pair["target"] |= {"depth_m": depth_m, "valid_mask": depth_m > 0}
    student, objective = make(source_weight=0.0, adversarial_weight=0.0, pseudo_label_weight=0.0)
    ours = predict_both(student, pair).depth_m[4:]
    term = objective(student, pair)["target_depth"]
    errors = [math.log(d + 0.1) - math.log(7.1) for d in ours[0, 0, :, 16:].flatten().tolist()]
    mean = sum(errors) / len(errors)
    variance = sum((e - mean) ** 2 for e in errors) / len(errors)
    assert term.item() == pytest.approx(math.sqrt(variance + 0.15 * mean**2), rel=1e-4)


def test_supervised_settings_arrive(pair: Pair) -> None:
    student, objective = make(supervised=SupervisedDepth(uncertainty_weight=0.0))
    assert objective(student, pair)["uncertainty"] == 0


def test_discriminator_pools_any_grid() -> None:
    judge = discriminator(3)
    x = torch.randn(2, 3, 4, 6)
    assert judge(x).shape == (2, 1)
    torch.testing.assert_close(judge(x), judge(x.mean(dim=(2, 3), keepdim=True)))


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
        ("style_probability", -0.1, "0 to 1"),
        ("ema_decay", 1.0, "0 to below 1"),
    ],
)
def test_bad_options_are_refused_before_anything_is_trained(
    option: str, value: float, accepted: str
) -> None:
    with pytest.raises(ValueError, match=f"{option} is {value}; accepted: {accepted}"):
        SelfCorrectingTeacherStudent(**{option: value})


def test_unknown_tap_and_missing_target_are_named(pair: Pair) -> None:
    with pytest.raises(ValueError, match="adversarial_tap is 'enc9'; accepted: stem, enc1a"):
        make(adversarial_tap="enc9")
    student, objective = make()
    assert objective.needs_target
    del pair["target"]
    with pytest.raises(ValueError, match="adapts to a target; name its data in `target_data`"):
        objective(student, pair)

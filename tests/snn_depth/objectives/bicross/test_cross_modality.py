import pytest
import torch
from torch import Tensor

from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.prediction import DepthPrediction
from snn_depth.objectives.bicross.cross_modality import CrossModalityDistillation


def make(**options: float) -> tuple[SpikingDepthNet, AnnDepthNet, CrossModalityDistillation]:
    torch.manual_seed(0)
    student, teacher = SpikingDepthNet(), AnnDepthNet("rgb", width=32)
    objective = CrossModalityDistillation("rgb_teacher", **options)
    asked = []

    def load(name: str) -> AnnDepthNet:
        asked.append(name)
        return teacher

    objective.setup(student, load)
    assert asked == list(objective.needs)
    return student, teacher, objective


def test_terms_and_where_their_gradients_go(batch: Batch) -> None:
    student, teacher, objective = make()
    terms = objective(student, batch)
    assert set(terms) == {"depth", "uncertainty", "coarse", "fine"}
    for name in ("coarse", "fine"):
        student.zero_grad()
        terms[name].backward(retain_graph=True)
        grads = [p.grad for p in student.parameters() if p.grad is not None]
        assert sum(g.abs().sum() for g in grads) > 0
    assert all(p.grad is None for p in teacher.parameters())


def test_teacher_is_frozen_and_not_part_of_the_objective(batch: Batch) -> None:
    student, teacher, objective = make()
    objective.train()
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    objective(student, batch)
    for key, value in teacher.state_dict().items():  # running statistics included
        assert torch.equal(value, before[key]), key
    assert not any(key.startswith("teacher.") for key in objective.state_dict())
    owned = {id(p) for p in objective.parameters()}
    assert not owned & {id(p) for p in teacher.parameters()}


def test_weight_scales_and_zero_is_source_only(batch: Batch) -> None:
    student, _, objective = make(weight=0.2)
    strong = objective(student, batch)
    student, _, objective = make(weight=0.1)
    weak = objective(student, batch)
    for name in ("coarse", "fine"):
        torch.testing.assert_close(strong[name], 2 * weak[name])
    student, _, objective = make(weight=0.0)
    assert set(objective(student, batch)) == {"depth", "uncertainty"}


def prediction(uncertainty: Tensor, feature: Tensor) -> DepthPrediction:
    return DepthPrediction(uncertainty, uncertainty, {"dec2": feature})


def test_fine_loss_sees_only_cells_that_pass_the_filter(batch: Batch) -> None:
    _, _, objective = make(teacher_threshold=0.3, student_threshold=0.6)
    objective.eval()  # running statistics: changing one cell must not change the others
    certain, unsure = torch.full((4, 1, 32, 32), 0.1), torch.full((4, 1, 32, 32), 0.9)
    theirs = torch.rand(4, 128, 4, 4)
    ours = torch.rand(4, 64, 4, 4, requires_grad=True)
    unsure[..., 16:] = 0.1  # right half: the student is certain there, so it is not taught
    loss = objective.fine_loss(
        prediction(unsure, ours), prediction(certain, theirs), batch["spikes"]
    )
    (gradient,) = torch.autograd.grad(loss, ours)
    assert gradient[..., :2].abs().sum() > 0
    assert gradient[..., 2:].abs().sum() == 0
    adapted = objective.fine_adapter(ours)[..., :2]
    cells = (
        torch.nn.functional.adaptive_avg_pool2d(batch["spikes"].valid_mask.float(), 4)[..., :2]
        > 0.5
    )
    squared = (adapted - objective.teacher_norm(theirs)[..., :2]).square()
    expected = squared[cells.expand_as(squared)].mean()
    torch.testing.assert_close(loss, expected)


def test_empty_filter_gives_zero(batch: Batch) -> None:
    _, _, objective = make(teacher_threshold=0.0)
    u = torch.full((4, 1, 32, 32), 0.5)
    features = torch.rand(4, 64, 4, 4, requires_grad=True)
    loss = objective.fine_loss(
        prediction(u, features), prediction(u, torch.rand(4, 128, 4, 4)), batch["spikes"]
    )
    assert loss.item() == 0
    loss.backward()
    assert features.grad is None or not features.grad.isnan().any()


def test_coarse_loss_prefers_matching_pairs() -> None:
    _, _, objective = make()
    objective.student_head = objective.teacher_head = torch.nn.Flatten()
    z = torch.randn(6, 16, 1, 1)
    same = DepthPrediction(z, z, {"enc3b": z})
    shifted = DepthPrediction(z, z, {"enc3b": z.roll(1, 0)})
    assert objective.coarse_loss(same, same) < objective.coarse_loss(shifted, same)


def test_refuses_negative_weight() -> None:
    with pytest.raises(ValueError, match="weight is -1"):
        CrossModalityDistillation("t", weight=-1)


def test_mask_stays_in_place_at_sizes_that_are_padded(batch: Batch) -> None:
    """33 rows are padded to 48: six rows of cells, of which the mask must hit the right one."""
    _, _, objective = make(teacher_threshold=0.3, student_threshold=0.6)
    objective.eval()
    unsure = torch.full((4, 1, 33, 32), 0.1)
    unsure[:, :, 24:32] = 0.9
    certain = torch.full((4, 1, 33, 32), 0.1)
    ours = torch.rand(4, 64, 6, 4, requires_grad=True)
    batch = batch.replace("spikes", depth_m=torch.ones(4, 1, 33, 32))
    theirs = torch.rand(4, 128, 5, 4)  # a teacher that pads less
    loss = objective.fine_loss(
        prediction(unsure, ours), prediction(certain, theirs), batch["spikes"]
    )
    (gradient,) = torch.autograd.grad(loss, ours)
    assert gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten().tolist() == [3]


def test_unknown_tap_is_named() -> None:
    objective = CrossModalityDistillation("t", coarse_tap="enc9")
    with pytest.raises(ValueError, match="the student has no tap 'enc9'; accepted: stem, enc1a"):
        objective.setup(SpikingDepthNet(), lambda name: AnnDepthNet("rgb"))

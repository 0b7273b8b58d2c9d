import torch
from torch import Tensor, nn

from snn_depth.models.prediction import DepthPrediction
from snn_depth.teachers.frozen import FrozenTeacher


class TinyDepth(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1))

    def forward(self, rgb: Tensor, offset: float = 0.0) -> DepthPrediction:
        depth_m = self.layers(rgb) + offset
        return DepthPrediction(depth_m, depth_m)


class Parent(nn.Module):
    def __init__(self, teacher: nn.Module) -> None:
        super().__init__()
        self.own = nn.Linear(2, 2)
        self.teacher = FrozenTeacher(teacher)


def test_stays_out_of_the_parent_and_of_training_mode() -> None:
    parent = Parent(TinyDepth()).train()
    assert set(parent.state_dict()) == {"own.weight", "own.bias"}
    assert len(list(parent.parameters())) == 2
    assert not any(module.training for module in parent.teacher.network.modules())


def test_prediction_has_no_gradient_and_options_arrive() -> None:
    teacher = FrozenTeacher(TinyDepth())
    rgb = torch.rand(2, 3, 4, 4, requires_grad=True)
    plain, shifted = teacher(rgb).depth_m, teacher(rgb, offset=1.0).depth_m
    assert not plain.requires_grad
    torch.testing.assert_close(shifted, plain + 1)


def test_training_the_original_does_not_change_the_teacher() -> None:
    original = TinyDepth().train()
    teacher = FrozenTeacher(original)
    rgb = torch.rand(2, 3, 4, 4)
    before = teacher(rgb).depth_m
    original(rgb).depth_m.sum().backward()  # moves its batch statistics
    with torch.no_grad():
        original.layers[0].weight.add_(1.0)
    assert torch.equal(teacher(rgb).depth_m, before)
    assert all(p.requires_grad for p in original.parameters())
    assert original.training

import pytest
import torch
from torch import Tensor, nn

from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.teachers.ema import EmaTeacher


class Student(nn.Module):
    """One weight, running statistics, and a counter."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        self.norm = nn.BatchNorm1d(1)

    def set_all(self, value: float) -> None:
        with torch.no_grad():
            for tensor in self.state_dict().values():
                tensor.fill_(value)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(x))


def values(module: nn.Module) -> dict[str, float]:
    return {name: tensor.item() for name, tensor in module.state_dict().items()}


def test_by_hand_with_warm_up_and_buffers() -> None:
    """Decay is 1/10, 2/11, 3/12, ... until that exceeds 0.2."""
    student = Student()
    student.set_all(0.0)
    teacher = EmaTeacher(student, decay=0.2)
    expected = 0.0
    for n, decay in enumerate((1 / 10, 2 / 11, 0.2, 0.2)):
        target = float(10 * (n + 1))
        student.set_all(target)
        teacher.update(student)
        expected = decay * expected + (1 - decay) * target
        for name, value in values(teacher.network).items():
            if name == "norm.num_batches_tracked":  # a whole number: copied
                assert value == target
            else:
                assert value == pytest.approx(expected, rel=1e-6), name
    assert int(teacher.num_updates) == 4


def test_decay_0_is_the_student_bit_for_bit() -> None:
    torch.manual_seed(0)
    student = SpikingDepthNet(channel_multipliers=(1, 1))
    teacher = EmaTeacher(student, decay=0.0)
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(torch.randn_like(parameter))
    teacher.update(student)
    for name, tensor in student.state_dict().items():
        assert torch.equal(teacher.network.state_dict()[name], tensor), name


def test_follows_a_copy_and_leaves_the_student_alone() -> None:
    student = Student().train()
    teacher = EmaTeacher(student, decay=0.5)
    before = values(student)
    teacher.update(student)
    assert values(student) == before
    assert all(p.requires_grad for p in student.parameters()) and student.training
    assert not any(p.requires_grad for p in teacher.parameters())
    ours = {t.data_ptr() for t in teacher.state_dict().values()}
    assert not ours & {t.data_ptr() for t in student.state_dict().values()}


def test_stays_in_evaluation_mode_inside_a_module_that_trains() -> None:
    teacher = EmaTeacher(Student(), decay=0.5)
    parent = nn.ModuleList([teacher, nn.Linear(1, 1)]).train()
    assert parent[1].training
    assert not any(module.training for module in teacher.modules())
    before = values(teacher)
    teacher(torch.randn(8, 1))
    assert values(teacher) == before, "predicting moves no statistics"


def test_prediction_has_no_graph_and_begins_from_fresh_membranes() -> None:
    torch.manual_seed(0)
    teacher = EmaTeacher(SpikingDepthNet(channel_multipliers=(1, 2)))
    for name, parameter in teacher.network.named_parameters():
        if name.endswith("1.weight"):  # batch normalisation; with a gain of 1 nothing fires
            nn.init.constant_(parameter, 4.0)
    spikes = torch.poisson(torch.full((2, 1, 1, 16, 16), 4.0))
    first = teacher(spikes, taps=("enc1b",))
    assert not first.depth_m.requires_grad and not first.features["enc1b"].requires_grad
    assert max(rate.item() for rate in first.firing_rates.values()) > 0
    assert torch.equal(teacher(spikes).depth_m, first.depth_m)


def test_survives_a_state_dict() -> None:
    student = Student()
    teacher = EmaTeacher(student, decay=0.9)
    student.set_all(3.0)
    teacher.update(student)
    restored = EmaTeacher(Student(), decay=0.9)
    restored.load_state_dict(teacher.state_dict())
    for one in (teacher, restored):
        one.update(student)
    assert values(restored) == values(teacher)
    assert int(restored.num_updates) == 2


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_bad_decay(decay: float) -> None:
    with pytest.raises(ValueError, match=f"ema_decay is {decay}; accepted: 0 to below 1"):
        EmaTeacher(Student(), decay)

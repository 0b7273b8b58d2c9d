import pytest
import torch

from snn_depth.losses.feature_distance import filtered_feature_distance


def test_equals_slow_reference() -> None:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    teacher = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    mask = torch.rand(2, 1, 4, 5, generator=generator) < 0.4
    total, count = 0.0, 0
    for b, _, y, x in mask.nonzero().tolist():
        for c in range(3):
            total += (student[b, c, y, x].item() - teacher[b, c, y, x].item()) ** 2
            count += 1
    loss = filtered_feature_distance(student, teacher, mask)
    assert loss.item() == pytest.approx(total / count, rel=1e-12)


def test_only_selected_student_pixels_receive_gradient() -> None:
    student = torch.zeros(1, 2, 1, 2, requires_grad=True)
    teacher = torch.ones(1, 2, 1, 2, requires_grad=True)
    mask = torch.tensor([[[[True, False]]]])
    filtered_feature_distance(student, teacher, mask).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert student.grad.tolist() == [[[[-1.0, 0.0]], [[-1.0, 0.0]]]]


def test_empty_mask_gives_zero_with_a_graph() -> None:
    student = torch.rand(1, 2, 3, 3, requires_grad=True)
    mask = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    loss = filtered_feature_distance(student, torch.rand(1, 2, 3, 3), mask)
    loss.backward()
    assert loss.item() == 0
    assert student.grad is not None and student.grad.abs().max() == 0


def test_shapes_must_agree() -> None:
    mask = torch.ones(1, 1, 4, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"\(1, 2, 4, 4\) and \(1, 3, 4, 4\)"):
        filtered_feature_distance(torch.ones(1, 2, 4, 4), torch.ones(1, 3, 4, 4), mask)

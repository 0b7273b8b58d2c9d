import statistics

import pytest
import torch

from snn_depth.losses.uncertainty_filter import uncertainty_filter


def test_equals_slow_reference() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = torch.rand(2, 1, 6, 7, generator=generator)
    student = torch.rand(2, 1, 6, 7, generator=generator)
    valid = torch.rand(2, 1, 6, 7, generator=generator) < 0.7
    teacher_median = statistics.median_low(teacher[valid].tolist())
    student_median = statistics.median_low(student[valid].tolist())
    mask = uncertainty_filter(teacher, student, valid_mask=valid)
    assert 0 < mask.sum() < valid.sum()
    for index in torch.ones_like(valid).nonzero().tolist():
        i = tuple(index)
        expected = (
            valid[i].item()
            and teacher[i].item() < teacher_median
            and student[i].item() > student_median
        )
        assert mask[i].item() == expected


def test_fixed_thresholds() -> None:
    teacher = torch.tensor([0.1, 0.1, 0.5, 0.5]).view(1, 1, 2, 2)
    student = torch.tensor([0.1, 0.5, 0.1, 0.5]).view(1, 1, 2, 2)
    mask = uncertainty_filter(
        teacher,
        student,
        valid_mask=torch.ones(1, 1, 2, 2, dtype=torch.bool),
        teacher_threshold=0.3,
        student_threshold=0.3,
    )
    assert mask.flatten().tolist() == [False, True, False, False]


def test_medians_ignore_invalid_pixels() -> None:
    teacher = torch.tensor([0.1, 0.2, 0.3, 0.0, 0.0, 0.0]).view(1, 1, 2, 3)
    student = torch.tensor([0.9, 0.2, 0.1, 1.0, 1.0, 1.0]).view(1, 1, 2, 3)
    valid = torch.tensor([True, True, True, False, False, False]).view(1, 1, 2, 3)
    mask = uncertainty_filter(teacher, student, valid_mask=valid)
    assert mask.flatten().tolist() == [True, False, False, False, False, False]


def test_no_valid_pixel_selects_nothing() -> None:
    u = torch.rand(1, 1, 2, 2)
    assert not uncertainty_filter(u, u, valid_mask=torch.zeros(1, 1, 2, 2, dtype=torch.bool)).any()


def test_unknown_threshold() -> None:
    u = torch.rand(1, 1, 2, 2)
    with pytest.raises(ValueError, match="'mean'"):
        uncertainty_filter(u, u, valid_mask=u > 0, teacher_threshold="mean")  # type: ignore[arg-type]

"""Which pixels the spiking student should learn from its RGB teacher."""

from typing import Literal

import torch
from torch import Tensor

Threshold = Literal["median"] | float


def uncertainty_filter(
    teacher_uncertainty: Tensor,
    student_uncertainty: Tensor,
    *,
    valid_mask: Tensor,
    teacher_threshold: Threshold = "median",
    student_threshold: Threshold = "median",
) -> Tensor:
    """Select pixels where the teacher is certain and the student is not.

        mask = valid  and  u_teacher < threshold_teacher  and  u_student > threshold_student

    Where the student is certain already, spikes know something that RGB need not override. All are
    (B, 1, H, W); a threshold is a fixed bound, or "median" (the lower one of an even count).

    Source: BiCross (arXiv 2208.12527), figure of the spike-oriented uncertainty filter. The
    thresholds are not printed there; the default is each side's median over the valid pixels of
    the batch, as its released code does elsewhere. The filter itself is absent from that code.
    """
    certain = teacher_uncertainty < _bound(teacher_uncertainty, teacher_threshold, valid_mask)
    unsure = student_uncertainty > _bound(student_uncertainty, student_threshold, valid_mask)
    return valid_mask & certain & unsure


def _bound(uncertainty: Tensor, threshold: Threshold, valid_mask: Tensor) -> Tensor | float:
    if not isinstance(threshold, str):
        return threshold
    if threshold != "median":
        raise ValueError(f"threshold must be a number or 'median', got {threshold!r}")
    # Without a valid pixel this is NaN, and every comparison with NaN is False.
    return torch.where(valid_mask, uncertainty.detach(), torch.nan).nanmedian()

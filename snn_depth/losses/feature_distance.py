"""Fine (per-pixel) feature distillation."""

from torch import Tensor

from snn_depth.losses.masked_mean import masked_mean


def filtered_feature_distance(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Mean squared distance between student and teacher features over the selected pixels.

        L_FKD = mean over pixels in the mask and channels of (student - teacher)^2

    Features are (B, C, h, w), the boolean mask is (B, 1, h, w); an empty one gives 0. The teacher
    receives no gradient.

    Source: BiCross (arXiv 2208.12527), fine-grained knowledge distillation. Its released code
    averages over all pixels; the paper's figure selects them by uncertainty
    (`uncertainty_filter`).

    Raises:
        ValueError: The shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(
            f"student and teacher features differ in shape: {tuple(student.shape)} and "
            f"{tuple(teacher.shape)}"
        )
    return masked_mean((student - teacher.detach()).square(), mask)

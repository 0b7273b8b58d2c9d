"""Scale-invariant logarithmic depth loss."""

import torch
from torch import Tensor

from snn_depth.losses.log_error import log_error
from snn_depth.losses.masked_mean import masked_mean


def scale_invariant_log_loss(
    depth_m: Tensor,
    target_m: Tensor,
    valid_mask: Tensor,
    *,
    variance_focus: float = 0.85,
    eps_m: float = 0.1,
) -> Tensor:
    """Scale-invariant log loss over all valid pixels of the batch together.

    With ``g = log(d + eps) - log(d* + eps)`` (`log_error`, with its arguments):

        L = sqrt(Var(g) + (1 - variance_focus) * mean(g)^2)

    A `variance_focus` of 1 ignores the common scale of the prediction, 0 is the plain log RMSE.
    Var is the population variance, so that a single valid pixel is no special case. The square
    root has an infinite slope at 0; there (all errors exactly 0, or no valid pixel) the gradient
    is taken as 0, which is a valid subgradient.

    Source: Eigen et al. 2014 (arXiv 1406.2283); this form and its constants as in BiCross
    (arXiv 2208.12527) and BTS (arXiv 1907.10326).
    """
    g = log_error(depth_m, target_m, valid_mask, eps_m)
    mean = masked_mean(g, valid_mask)
    variance = masked_mean((g - mean).square(), valid_mask)
    squared_loss = variance + (1.0 - variance_focus) * mean.square()
    is_positive = squared_loss > 0
    # The inner `where` keeps sqrt away from 0, whose infinite slope would turn into 0 * inf = NaN.
    root = torch.sqrt(torch.where(is_positive, squared_loss, torch.ones_like(squared_loss)))
    return torch.where(is_positive, root, squared_loss)

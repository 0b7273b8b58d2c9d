"""Loss of the uncertainty head: it learns the relative error of the depth beside it."""

import torch
from torch import Tensor

from snn_depth.losses.masked_mean import masked_mean


def relative_error_loss(
    uncertainty: Tensor, depth_m: Tensor, target_m: Tensor, valid_mask: Tensor
) -> Tensor:
    """Mean absolute difference between the uncertainty and the depth's true relative error.

        L = mean | u - clamp(|d - d*| / d*, 0, 1) |

    The depth is detached. The released code of BiCross (arXiv 2208.12527) does not do that, so
    there this term also pulls the depth towards the error that the head predicts.

    Args:
        uncertainty: Predicted relative error, 0..1, shape (B, 1, H, W).
        depth_m: Predicted depth in metres, same shape; receives no gradient.
        target_m: True depth in metres, same shape; any value where invalid, NaN included.
        valid_mask: Boolean, same shape.

    Returns:
        0-dim tensor; 0 where no pixel is valid.
    """
    target_m = torch.where(valid_mask, target_m, torch.ones_like(target_m))
    relative_error = ((depth_m.detach() - target_m).abs() / target_m).clamp(0.0, 1.0)
    return masked_mean((uncertainty - relative_error).abs(), valid_mask)

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
    there this term also pulls the depth towards the error that the head predicts. All are
    (B, 1, H, W); `target_m` may be anything where it is invalid, NaN included; 0 without a valid
    pixel.
    """
    target_m = torch.where(valid_mask, target_m, torch.ones_like(target_m))
    relative_error = ((depth_m.detach() - target_m).abs() / target_m).clamp(0.0, 1.0)
    return masked_mean((uncertainty - relative_error).abs(), valid_mask)

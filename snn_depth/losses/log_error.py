"""The error of a depth map in the logarithm."""

import torch
from torch import Tensor


def log_error(depth_m: Tensor, target_m: Tensor, valid_mask: Tensor, eps_m: float) -> Tensor:
    """``g = log(d + eps) - log(d* + eps)``; meaningless (but finite) where invalid.

    Computed in the dtype of `target_m`, so that a bfloat16 prediction does not lose the digits
    of its logarithm. Invalid targets are replaced before the logarithm: their NaN would reach
    the gradient of the prediction even where a mask later multiplies it by 0.

    Args:
        depth_m: Predicted depth, positive, shape (B, 1, H, W).
        target_m: True depth, same shape; any value where invalid, NaN included.
        valid_mask: Boolean, same shape.
        eps_m: Bounds the logarithm at small depths.
    """
    target_m = torch.where(valid_mask, target_m, torch.ones_like(target_m))
    return torch.log(depth_m.to(target_m.dtype) + eps_m) - torch.log(target_m + eps_m)

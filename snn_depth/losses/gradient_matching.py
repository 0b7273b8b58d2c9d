"""Multi-scale gradient matching: an optional term for sharp depth edges."""

from torch import Tensor

from snn_depth.losses.log_error import log_error
from snn_depth.losses.masked_mean import masked_mean


def gradient_matching_loss(
    depth_m: Tensor,
    target_m: Tensor,
    valid_mask: Tensor,
    *,
    num_scales: int = 4,
    eps_m: float = 0.1,
) -> Tensor:
    """Absolute spatial gradients of the log-depth error, summed over scales.

    With ``g = log(d + eps) - log(d* + eps)`` (`log_error`, with its arguments) sampled at every
    2^k-th pixel for scale k:

        L = sum_k [ mean |g(x + 1) - g(x)| + mean |g(y + 1) - g(y)| ]

    Each mean runs over the neighbours that are both valid, so that sparse targets are not
    under-weighted. A scale with no such pair adds 0.

    Source: MegaDepth (arXiv 1804.00607) and MiDaS (arXiv 1907.01341), on log depth; both divide
    by the number of valid pixels instead of pairs.
    """
    g = log_error(depth_m, target_m, valid_mask, eps_m)
    total = g.new_zeros(())
    for scale in range(num_scales):
        step = 2**scale
        coarse, valid = g[..., ::step, ::step], valid_mask[..., ::step, ::step]
        total = total + masked_mean(coarse.diff(dim=-1).abs(), valid[..., 1:] & valid[..., :-1])
        total = total + masked_mean(
            coarse.diff(dim=-2).abs(), valid[..., 1:, :] & valid[..., :-1, :]
        )
    return total

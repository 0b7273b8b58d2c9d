"""InfoNCE: contrastive loss between two views of the same samples."""

import torch
from torch import Tensor
from torch.nn import functional as F

from snn_depth.losses.gather import gather_rows


def info_nce(
    a: Tensor,
    b: Tensor,
    *,
    temperature: float,
    normalize: bool = True,
    symmetric: bool = False,
) -> Tensor:
    """Pull row i of `a` towards row i of `b` and away from the other rows of `b`.

        L = - mean_i log softmax_j(a_i . b_j / temperature) [j = i]

    The rows of all processes serve as negatives; each process returns the mean over its own
    rows, so the mean over processes - value and gradient - equals one process on the joined
    batch. A single row has no negatives: the loss is then 0.

    Source: van den Oord et al. 2018 (arXiv 1807.03748). The released code of BiCross
    (arXiv 2208.12527) computes ``normalize=False, temperature=1``: without unit length the
    similarities grow with the features' norm, which the loss can lower without aligning anything.

    Args:
        a: Anchors, shape (B, C).
        b: Their positives in the same order, shape (B, C).
        temperature: Divides the similarities, positive.
        normalize: Scale every row to unit length first (cosine similarity).
        symmetric: Average with the loss of `b` against `a`.

    Raises:
        ValueError: Shapes differ or are not (B, C), or the temperature is not positive.
    """
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"a and b must both be (B, C), got {tuple(a.shape)} and {tuple(b.shape)}")
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    # Similarities divided by a small temperature need more digits than bfloat16 has.
    with torch.autocast(a.device.type, enabled=False):
        a, b = (x.to(torch.promote_types(x.dtype, torch.float32)) for x in (a, b))
        if normalize:
            a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
        loss = _one_direction(a, b, temperature)
        return (loss + _one_direction(b, a, temperature)) / 2 if symmetric else loss


def _one_direction(anchors: Tensor, candidates: Tensor, temperature: float) -> Tensor:
    candidates, first = gather_rows(candidates)
    positives = torch.arange(first, first + anchors.shape[0], device=anchors.device)
    return F.cross_entropy(anchors @ candidates.T / temperature, positives)

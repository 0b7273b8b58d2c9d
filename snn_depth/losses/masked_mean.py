"""The mean over selected pixels that every masked loss here is built on."""

import torch
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average `values` where `mask` is set; 0 (still part of the graph) where nothing is.

    Written without boolean indexing, whose data-dependent shape would make a GPU wait.

    Args:
        values: Any shape. What stands at unselected places is ignored, NaN included; its
            *gradient* must still be finite there, so replace NaN targets before a non-linear
            function of the prediction.
        mask: Boolean, broadcastable to the shape of `values`.
    """
    mask = mask.expand_as(values)
    selected = torch.where(mask, values, torch.zeros_like(values))
    return selected.sum() / mask.sum().clamp(min=1)

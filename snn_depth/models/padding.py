"""Any picture size for a network whose grids halve: padding at the end, cropped away again."""

import torch.nn.functional as F
from torch import Tensor


def pad_to_stride(x_TBCHW: Tensor, stride: int) -> Tensor:
    """Zero-pad rows and columns at the end to a multiple of `stride`, where any are missing."""
    height, width = x_TBCHW.shape[-2:]
    missing = (-width % stride, -height % stride)
    if not any(missing):
        return x_TBCHW
    return F.pad(x_TBCHW, (0, missing[0], 0, missing[1]))


def upsample_to_input(logits_TBCHW: Tensor, stride: int, height: int, width: int) -> Tensor:
    """Bilinear upsampling of the readout to the input's pixels, padding cropped away.

    One cell of the readout's grid covers `stride` pixels along one side; `height` and `width` are
    those of the unpadded input.
    """
    flat = logits_TBCHW.flatten(0, 1)
    full = F.interpolate(flat, scale_factor=float(stride), mode="bilinear", align_corners=False)
    return full[..., :height, :width].unflatten(0, logits_TBCHW.shape[:2])

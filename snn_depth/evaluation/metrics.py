"""Depth metrics: per image, then the mean over images."""

import math
from typing import Literal

import torch
from torch import Tensor

Alignment = Literal["none", "median", "scale_shift"]
ALIGNMENTS: tuple[Alignment, ...] = ("none", "median", "scale_shift")
METRIC_NAMES = (
    "abs_rel",
    "sq_rel",
    "rmse",
    "rmse_log",
    "log10",
    "silog",
    "delta1",
    "delta2",
    "delta3",
)


def depth_metrics(
    pred_m: Tensor,
    target_m: Tensor,
    valid_mask: Tensor,
    *,
    alignment: Alignment = "none",
    min_depth_m: float = 1e-3,
    max_depth_m: float = 80.0,
) -> dict[str, Tensor]:
    """Compute the field's depth metrics for every image of a batch.

    Pixels count where `valid_mask` is set and the target lies strictly inside the caps; the
    prediction is aligned on those pixels and then clamped to the caps (Eigen et al. 2014,
    arXiv 1406.2283; the order is that of monodepth2). With d the prediction, d* the target and
    g = ln d - ln d*, means over the pixels of one image:

        abs_rel  = mean |d - d*| / d*           sq_rel = mean (d - d*)^2 / d*   [m]
        rmse     = sqrt mean (d - d*)^2   [m]   rmse_log = sqrt mean g^2
        log10    = mean |g| / ln 10             silog = 100 sqrt(mean g^2 - (mean g)^2)
        delta_k  = share of pixels with max(d/d*, d*/d) < 1.25^k

    silog is the KITTI benchmark's (in percent).

    Alignment "none" takes the metres as they are; "median" multiplies by median(d*) / median(d)
    (Zhou et al. 2017, arXiv 1704.07813); "scale_shift" fits 1/d* = s/d + t by least squares, which
    is how MiDaS (arXiv 1907.01341) compares networks that know depth only up to scale and shift of
    its inverse.

    Prediction, target and mask have one shape, (B, 1, H, W) or (B, H, W). The target may have any
    value where it is invalid, NaN included.

    Returns:
        For each of `METRIC_NAMES` a float64 tensor of shape (B,); NaN for an image without a
        valid pixel.

    Raises:
        ValueError: For differing shapes, an unknown alignment, caps that are not
            0 < min_depth_m < max_depth_m, or a prediction that is not finite and positive.
    """
    if alignment not in ALIGNMENTS:
        raise ValueError(f"unknown alignment {alignment!r}; choose one of {', '.join(ALIGNMENTS)}")
    if not 0 < min_depth_m < max_depth_m:
        raise ValueError(
            f"caps {min_depth_m}..{max_depth_m} m; accepted: 0 < min_depth_m < max_depth_m"
        )
    if not pred_m.shape == target_m.shape == valid_mask.shape:
        raise ValueError(
            f"prediction {tuple(pred_m.shape)}, target {tuple(target_m.shape)} and mask "
            f"{tuple(valid_mask.shape)} differ in shape"
        )
    mask = valid_mask & (target_m > min_depth_m) & (target_m < max_depth_m)
    rows = []
    for pred, target, pixels in zip(pred_m, target_m, mask, strict=True):
        # float64, so that the figure does not depend on the order of a device's summation.
        d, d_true = pred[pixels].double(), target[pixels].double()
        if not (torch.isfinite(d) & (d > 0)).all():
            raise ValueError("predicted depth is not finite and positive everywhere")
        if len(d) == 0:
            rows.append(d.new_full((len(METRIC_NAMES),), torch.nan))
            continue
        d = _align(d, d_true, alignment, max_depth_m).clamp(min_depth_m, max_depth_m)
        rows.append(_image_metrics(d, d_true))
    return dict(zip(METRIC_NAMES, torch.stack(rows, dim=1), strict=True))


def _align(d: Tensor, d_true: Tensor, alignment: Alignment, max_depth_m: float) -> Tensor:
    """Prediction (n,) brought to the scale of the target (n,)."""
    if alignment == "median":
        return d * (_median(d_true) / _median(d))
    if alignment == "scale_shift":
        inverse, inverse_true = 1 / d, 1 / d_true
        deviation = inverse - inverse.mean()
        # A constant prediction has no scale to fit; its shift alone is then the solution.
        variance = deviation.square().mean().clamp(min=torch.finfo(d.dtype).tiny)
        scale = (deviation * inverse_true).mean() / variance
        # Inverse depths at or below 0 lie beyond infinity: farthest.
        return 1 / (inverse_true.mean() + scale * deviation).clamp(min=1 / max_depth_m)
    return d


def _median(x: Tensor) -> Tensor:
    """Median with the mean of the two middle values, as numpy's; torch takes the lower one."""
    x = x.sort().values
    return (x[(len(x) - 1) // 2] + x[len(x) // 2]) / 2


def _image_metrics(d: Tensor, d_true: Tensor) -> Tensor:
    """All metrics of one image in the order of `METRIC_NAMES`; d and d_true have shape (n,)."""
    error = d - d_true
    g = d.log() - d_true.log()
    ratio = torch.maximum(d / d_true, d_true / d)
    return torch.stack(
        [
            (error.abs() / d_true).mean(),
            (error.square() / d_true).mean(),
            error.square().mean().sqrt(),
            g.square().mean().sqrt(),
            g.abs().mean() / math.log(10),
            100 * g.var(correction=0).sqrt(),
            *((ratio < 1.25**k).double().mean() for k in (1, 2, 3)),
        ]
    )


class DepthMetrics:
    """Mean of `depth_metrics` over images, accumulated over batches.

    Images without a valid pixel do not enter the mean; they are counted. (No torchmetrics class:
    importing that library takes seconds, which every command would pay.)
    """

    def __init__(
        self,
        *,
        alignment: Alignment = "none",
        min_depth_m: float = 1e-3,
        max_depth_m: float = 80.0,
    ) -> None:
        self.alignment = alignment
        self.min_depth_m, self.max_depth_m = min_depth_m, max_depth_m
        self._total = torch.zeros(len(METRIC_NAMES), dtype=torch.float64)
        self._num_images = 0
        self._num_empty = 0

    def update(self, pred_m: Tensor, target_m: Tensor, valid_mask: Tensor) -> None:
        """Add a batch, all three of shape (B, 1, H, W)."""
        per_image = depth_metrics(
            pred_m,
            target_m,
            valid_mask,
            alignment=self.alignment,
            min_depth_m=self.min_depth_m,
            max_depth_m=self.max_depth_m,
        )
        values = torch.stack(list(per_image.values())).cpu()
        is_empty = values[0].isnan()
        self._total += values[:, ~is_empty].sum(dim=1)
        self._num_images += int((~is_empty).sum())
        self._num_empty += int(is_empty.sum())

    def compute(self) -> dict[str, Tensor]:
        """Average over images.

        Returns:
            0-dim tensors: each of `METRIC_NAMES`; `num_images` that the mean is over, and
            `num_empty` that had no valid pixel and were left out.

        Raises:
            ValueError: When no image had a valid pixel.
        """
        if self._num_images == 0:
            raise ValueError(
                f"none of {self._num_empty} images has a measured depth between "
                f"{self.min_depth_m} and {self.max_depth_m} m"
            )
        means = dict(zip(METRIC_NAMES, self._total / self._num_images, strict=True))
        counts = {"num_images": self._num_images, "num_empty": self._num_empty}
        return means | {name: torch.tensor(count) for name, count in counts.items()}

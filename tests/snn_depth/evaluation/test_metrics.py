import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn_depth.evaluation.metrics import ALIGNMENTS, METRIC_NAMES, DepthMetrics, depth_metrics


def reference(pred, target, valid, alignment, low, high):
    """The definitions pixel by pixel, in plain Python, for one image."""
    pairs = [
        (float(p), float(t))
        for p, t, v in zip(pred.ravel(), target.ravel(), valid.ravel(), strict=True)
        if v and low < t < high
    ]
    predictions = np.array([p for p, _ in pairs])
    truths = np.array([t for _, t in pairs])
    if alignment == "median":
        predictions = predictions * np.median(truths) / np.median(predictions)
    if alignment == "scale_shift":
        design = np.stack([1 / predictions, np.ones(len(pairs))], axis=1)
        scale, shift = np.linalg.lstsq(design, 1 / truths, rcond=None)[0]
        inverse = scale / predictions + shift
        predictions = np.array([1 / i if i > 0 else math.inf for i in inverse])
    sums = dict.fromkeys(METRIC_NAMES, 0.0)
    log_ratios = []
    for p, t in zip(predictions, truths, strict=True):
        p = min(max(p, low), high)
        sums["abs_rel"] += abs(p - t) / t
        sums["sq_rel"] += (p - t) ** 2 / t
        sums["rmse"] += (p - t) ** 2
        sums["rmse_log"] += (math.log(p) - math.log(t)) ** 2
        sums["log10"] += abs(math.log10(p) - math.log10(t))
        log_ratios.append(math.log(p / t))
        for k in (1, 2, 3):
            sums[f"delta{k}"] += max(p / t, t / p) < 1.25**k
    means = {name: total / len(pairs) for name, total in sums.items()}
    means["rmse"], means["rmse_log"] = math.sqrt(means["rmse"]), math.sqrt(means["rmse_log"])
    means["silog"] = 100 * float(np.std(log_ratios))
    return means


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_equals_plain_reference(alignment):
    rng = np.random.default_rng(0)
    target = rng.uniform(0.5, 100, (3, 1, 7, 9))
    pred = 1 / (0.7 / target + 0.01) * rng.uniform(0.6, 1.6, target.shape)
    valid = rng.random(target.shape) < 0.7
    target[~valid] = np.nan
    got = depth_metrics(
        *map(torch.from_numpy, (pred, target, valid)),
        alignment=alignment,
        min_depth_m=1.0,
        max_depth_m=60.0,
    )
    for b in range(3):
        expected = reference(pred[b], target[b], valid[b], alignment, 1.0, 60.0)
        for name in METRIC_NAMES:
            assert got[name][b].item() == pytest.approx(expected[name], rel=1e-9), name


def image(*depths):
    return torch.tensor(depths).view(1, 1, 1, -1)


def all_valid(x):
    return torch.ones_like(x, dtype=torch.bool)


def test_hand_computed():
    pred, target = image(2.0, 6.0), image(1.0, 8.0)
    m = {k: v.item() for k, v in depth_metrics(pred, target, all_valid(pred)).items()}
    assert m["abs_rel"] == pytest.approx((1 / 1 + 2 / 8) / 2)
    assert m["sq_rel"] == pytest.approx((1 / 1 + 4 / 8) / 2)
    assert m["rmse"] == pytest.approx(math.sqrt((1 + 4) / 2))
    assert m["log10"] == pytest.approx((math.log10(2) + math.log10(8 / 6)) / 2)
    # ln 2 and ln 0.75 differ by 0.980829; half of it is the standard deviation of the two
    assert m["silog"] == pytest.approx(100 * 0.980829 / 2, rel=1e-5)
    assert [m["delta1"], m["delta2"], m["delta3"]] == [0.0, 0.5, 0.5]


def test_delta_is_strict():
    at_threshold = image(5.0)  # 5 / 4 is 1.25 exactly
    assert depth_metrics(at_threshold, image(4.0), all_valid(at_threshold))["delta1"].item() == 0.0


def test_caps_are_strict_for_the_target_and_clamp_the_prediction():
    pred, target = image(500.0, 500.0, 0.1), image(80.0, 40.0, 1.0)
    m = depth_metrics(pred, target, all_valid(pred), min_depth_m=1.0, max_depth_m=80.0)
    assert m["abs_rel"].item() == pytest.approx(1.0)  # only 40 m counts, predicted as 80 m


def test_alignments_undo_what_they_should():
    target = image(2.0, 5.0, 11.0, 40.0)
    mask = all_valid(target)
    median = depth_metrics(3 * target, target, mask, alignment="median")
    assert median["abs_rel"].item() == pytest.approx(0.0, abs=1e-6)
    affine = 1 / (0.5 / target + 0.02)
    fitted = depth_metrics(affine, target, mask, alignment="scale_shift")
    assert fitted["abs_rel"].item() == pytest.approx(0.0, abs=1e-6)
    assert depth_metrics(affine, target, mask, alignment="median")["abs_rel"].item() > 0.05


def test_scale_shift_of_a_constant_prediction_is_the_mean_inverse_depth():
    target = image(2.0, 6.0)
    m = depth_metrics(image(9.0, 9.0), target, all_valid(target), alignment="scale_shift")
    assert m["abs_rel"].item() == pytest.approx((1 / 2 + 3 / 6) / 2)  # 1 / mean(1/2, 1/6) = 3 m


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100), st.integers(0, 2**31))
def test_median_alignment_ignores_scale(scale, seed):
    generator = torch.Generator().manual_seed(seed)
    target = 1 + 50 * torch.rand(2, 1, 3, 4, generator=generator, dtype=torch.float64)
    pred = target * (0.5 + torch.rand(target.shape, generator=generator))
    one, other = (
        depth_metrics(p, target, all_valid(target), alignment="median", max_depth_m=1e6)
        for p in (pred, pred * scale)
    )
    torch.testing.assert_close(one, other)


def test_mean_is_over_images_not_pixels_and_skips_empty_ones():
    target = torch.full((3, 1, 2, 2), 10.0)
    pred = torch.stack([target[0] * 1.5, target[1] * 2, target[2]])
    mask = all_valid(target)
    mask[0, 0, 0] = False  # fewer pixels, same weight
    mask[2] = False
    per_image = depth_metrics(pred, target, mask)["abs_rel"]
    assert per_image[2].isnan()
    metric = DepthMetrics()
    metric.update(pred[:1], target[:1], mask[:1])
    metric.update(pred[1:], target[1:], mask[1:])
    mean = metric.compute()
    assert mean["abs_rel"] == pytest.approx((0.5 + 1.0) / 2)
    assert (mean["num_images"], mean["num_empty"]) == (2, 1)


def test_no_valid_pixel_at_all_is_an_error():
    target = torch.full((2, 1, 2, 2), 500.0)
    metric = DepthMetrics(max_depth_m=80.0)
    metric.update(target, target, all_valid(target))
    with pytest.raises(ValueError, match=r"none of 2 images .* 80"):
        metric.compute()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alignment": "mean"}, "'mean'.*none, median, scale_shift"),
        ({"min_depth_m": 0.0}, r"caps 0.0\.\."),
        ({"min_depth_m": 90.0}, r"caps 90.0\.\.80"),
        ({"valid_mask": torch.ones(1, 1, 1, 3, dtype=torch.bool)}, "differ in shape"),
        ({"pred_m": image(float("nan"), 1.0)}, "not finite and positive"),
        ({"pred_m": image(0.0, 1.0)}, "not finite and positive"),
    ],
)
def test_bad_input(changes, message):
    target = image(3.0, 4.0)
    arguments = {"pred_m": target, "target_m": target, "valid_mask": all_valid(target)} | changes
    with pytest.raises(ValueError, match=message):
        depth_metrics(**arguments)

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from conversion.student.fold import fold_batch_norm, fold_nearest_upsampling


def test_batch_norm_merges_exactly_also_at_the_border() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 5, 3, 2, padding=1).double()
    norm = nn.BatchNorm2d(5).double().eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        assert tensor is not None
        nn.init.normal_(tensor)
    assert norm.running_var is not None
    nn.init.uniform_(norm.running_var, 0.1, 3.0)
    assert conv.bias is not None and norm.running_mean is not None
    weight, bias = fold_batch_norm(
        conv.weight.detach().numpy(),
        conv.bias.detach().numpy(),
        gamma=norm.weight.detach().numpy(),
        beta=norm.bias.detach().numpy(),
        mean=norm.running_mean.numpy(),
        variance=norm.running_var.numpy(),
        epsilon=norm.eps,
    )
    x = torch.randn(2, 3, 9, 12, dtype=torch.float64)
    merged = F.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias), 2, 1)
    torch.testing.assert_close(merged, norm(conv(x)), rtol=0, atol=1e-13)


@settings(max_examples=40, deadline=None)
@given(
    half=st.integers(0, 3),
    factor=st.integers(1, 4),
    groups=st.integers(1, 3),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 2**16),
)
def test_upsampling_and_convolution_are_one_transposed_convolution(
    half: int, factor: int, groups: int, size: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(2 * groups, 3, 2 * half + 1, 2 * half + 1))
    x = torch.from_numpy(rng.normal(size=(2, 3 * groups, *size)))
    kernel, padding = fold_nearest_upsampling(weight, factor, groups)
    assert kernel.shape == (3 * groups, 2, 2 * half + factor, 2 * half + factor)
    folded = F.conv_transpose2d(
        x, torch.from_numpy(kernel), stride=factor, padding=padding, groups=groups
    )
    large = F.interpolate(x, scale_factor=factor, mode="nearest")
    expected = F.conv2d(large, torch.from_numpy(weight), padding=half, groups=groups)
    torch.testing.assert_close(folded, expected, rtol=0, atol=1e-12)


def test_the_students_case_by_hand() -> None:
    """Ones 3x3 behind x2: every pixel reaches a 4x4 patch with weights 1 2 2 1 along each side."""
    kernel, padding = fold_nearest_upsampling(np.ones((1, 1, 3, 3)), 2)
    side = np.array([1.0, 2.0, 2.0, 1.0])
    np.testing.assert_array_equal(kernel[0, 0], np.outer(side, side))
    assert padding == 1


@pytest.mark.parametrize("shape", [(2, 2), (3, 5)])
def test_even_or_oblong_kernels_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"kernel is {shape[0]}x{shape[1]}; accepted"):
        fold_nearest_upsampling(np.ones((1, 1, *shape)), 2)

import pytest
import torch
import torch.nn.functional as F

from snn_depth.models.upsampled_conv import UpsampledConv2d, fold_upsampling


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("bias", [False, True])
def test_equals_upsampling_then_convolution(kernel_size: int, bias: bool) -> None:
    torch.manual_seed(0)
    layer = UpsampledConv2d(3, 4, kernel_size, padding=kernel_size // 2, bias=bias).double()
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    up = F.interpolate(x, scale_factor=2, mode="nearest")
    expected = F.conv2d(up, layer.weight, layer.bias, padding=kernel_size // 2)
    torch.testing.assert_close(layer(x), expected)
    probe = torch.randn_like(expected)
    (ours,) = torch.autograd.grad((layer(x) * probe).sum(), layer.weight)
    (theirs,) = torch.autograd.grad((expected * probe).sum(), layer.weight)
    torch.testing.assert_close(ours, theirs)


def test_folded_taps_by_hand() -> None:
    # Along one axis w = (a, b, c) becomes (c, b + c, a + b, a).
    weight = torch.zeros(1, 1, 3, 3)
    weight[0, 0, 1] = torch.tensor([1.0, 10.0, 100.0])
    folded = fold_upsampling(weight)[0, 0]
    assert folded[0].tolist() == folded[3].tolist() == [0, 0, 0, 0]
    assert folded[1].tolist() == folded[2].tolist() == [100, 110, 11, 1]

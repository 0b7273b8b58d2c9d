import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion.graph.layer_graph import Edge
from conversion.simulate.synapses import Synapses, exact_dtype, largest_current
from tests.conversion.slow_reference import slow_current

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["conv", "conv_transpose"]),
    kernel=pairs,
    stride=pairs,
    padding=st.tuples(st.integers(0, 1), st.integers(0, 2)),
    dilation=pairs,
    groups=st.sampled_from([1, 2]),
    weight_exp=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_convolutions_equal_loop_and_torch(  # type: ignore[no-untyped-def]
    kind, kernel, stride, padding, dilation, groups, weight_exp, seed
) -> None:
    random = np.random.default_rng(seed)
    num_in, num_out = 2 * groups, 3 * groups
    first, second = (num_in, num_out) if kind == "conv_transpose" else (num_out, num_in)
    weight = random.integers(-256, 255, (first, second // groups, *kernel))
    edge = Edge(
        "input", kind, weight, stride, padding, dilation, groups=groups, weight_exp=weight_exp
    )
    x_BCHW = random.integers(0, 5, (2, num_in, 8, 9))
    shape = edge.output_shape(x_BCHW.shape[1:])
    expected = np.stack([slow_current(edge, x_CHW, shape) for x_CHW in x_BCHW])
    dtype = exact_dtype(largest_current(edge, 4))
    actual = Synapses(edge, shape, dtype)(x_BCHW)
    assert np.array_equal(actual, expected)
    assert np.abs(expected).max(initial=0) <= largest_current(edge, 4)
    convolve = F.conv2d if kind == "conv" else F.conv_transpose2d
    x, kernels = torch.tensor(x_BCHW).double(), torch.tensor(weight).double()
    by_torch = convolve(
        x, kernels, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    assert np.array_equal(actual, by_torch.numpy() * 2**weight_exp)


def test_dense_flattens_channels_rows_columns() -> None:
    weight = np.arange(12).reshape(2, 6)
    x_BCHW = np.zeros((1, 1, 2, 3))
    x_BCHW[0, 0, 1, 0] = 2  # fourth of C, H, W
    current = Synapses(Edge("input", "dense", weight), (2, 1, 1), np.float64)(x_BCHW)
    assert current.tolist() == [[[[6.0]], [[18.0]]]]


def test_transposed_convolution_by_hand() -> None:
    edge = Edge("input", "conv_transpose", np.array([[[[1, 2], [3, 4]]]]), stride=(2, 2))
    current = Synapses(edge, (1, 2, 4), np.float32)(np.array([[[[1, 10]]]]))
    assert current.tolist() == [[[[1, 2, 10, 20], [3, 4, 30, 40]]]]


def test_integers_too_large_for_float32_are_computed_in_float64() -> None:
    edge = Edge("input", "dense", np.array([[1, 255]]))
    inputs = np.array([1, 65794]).reshape(1, 2, 1, 1)  # 1 + 255 * 65794 = 2**24 + 255
    assert exact_dtype(largest_current(edge, 60000)) is np.float32
    dtype = exact_dtype(largest_current(edge, 65794))
    assert dtype is np.float64
    assert Synapses(edge, (1, 1, 1), dtype)(inputs).item() == 16777471
    # what is avoided: float32 loses the last bit
    assert Synapses(edge, (1, 1, 1), np.float32)(inputs).item() != 16777471
    with pytest.raises(ValueError, match="cannot be computed exactly"):
        exact_dtype(2.0**53)

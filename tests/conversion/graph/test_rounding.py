import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from conversion.graph.rounding import round_keeping_sums


def test_by_hand() -> None:
    """Nearest would give 1 0 0 0, which is short of the sum 2.2 by more than one."""
    kernel = np.array([[[0.7, 0.49], [0.48, 0.47]]])
    assert round_keeping_sums(kernel).tolist() == [[[1, 1], [0, 0]]]
    # remainders 0.6 0.5 0.7, two of them up: the sum -1.2 becomes -1
    assert round_keeping_sums(np.array([[[-0.4, -0.5, -0.3]]])).tolist() == [[[0, -1, 0]]]


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 2**16),
)
def test_sums_and_weights_stay_near(shape: tuple[int, ...], seed: int) -> None:
    kernels = np.random.default_rng(seed).normal(scale=20, size=shape)
    rounded = round_keeping_sums(kernels)
    assert np.array_equal(rounded, np.rint(rounded))
    assert np.abs(rounded - kernels).max() < 1
    assert np.abs((rounded - kernels).sum(axis=(-2, -1))).max() <= 0.5 + 1e-9
    assert np.array_equal(round_keeping_sums(rounded), rounded)
    single = kernels[..., :1, :1]
    assert np.array_equal(round_keeping_sums(single), np.rint(single))

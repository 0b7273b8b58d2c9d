import numpy as np

from conversion.lava_runtime.layout import conv_weight, dense_weight, record_SBCHW


def test_kernels_are_turned_around() -> None:
    weight = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    turned = conv_weight(weight)
    assert turned.shape == (2, 5, 4, 3)
    assert turned[1, 0, 0, 2] == weight[1, 2, 3, 4]
    assert turned[0, 3, 1, 1] == weight[0, 1, 2, 1]


def test_dense_weights_meet_the_same_neurons() -> None:
    random = np.random.default_rng(0)
    weight = random.integers(-9, 9, (2 * 3 * 2, 4 * 2 * 3))
    x_CHW = random.integers(0, 5, (4, 2, 3))
    expected_CHW = (weight @ x_CHW.ravel()).reshape(2, 3, 2)
    in_lava = dense_weight(weight, (4, 2, 3), (2, 3, 2)) @ x_CHW.T.ravel()
    assert np.array_equal(in_lava.reshape(2, 3, 2).T, expected_CHW)


def test_records_are_put_back() -> None:
    steps_SCHW = np.random.default_rng(0).integers(0, 9, (5, 2, 3, 4))
    record = np.stack([x_CHW.T.ravel() for x_CHW in steps_SCHW])
    assert np.array_equal(record_SBCHW(record, (2, 3, 4))[:, 0], steps_SCHW)

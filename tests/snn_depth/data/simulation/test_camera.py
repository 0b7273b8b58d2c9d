import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snn_depth.data.simulation.camera import SpikeCamera, simulate_burst, simulate_spikes
from snn_depth.data.simulation.noise import SensorNoise, temporal_generator


def plain_camera(intensity, gain, v_threshold, seed):
    """The model word by word, one pixel and one step at a time."""
    _, height, width = intensity.shape
    start = temporal_generator(seed).random((height, width), dtype=np.float32)
    spikes = np.zeros(intensity.shape, np.uint8)
    gain, v_threshold = np.float32(gain), np.float32(v_threshold)
    for y, x in itertools.product(range(height), range(width)):
        charge = start[y, x] * v_threshold
        for t, light in enumerate(intensity[:, y, x]):
            charge = charge + gain * light
            if charge >= v_threshold:
                spikes[t, y, x] = 1
                charge = charge - v_threshold
    return spikes


@pytest.mark.parametrize(("gain", "v_threshold"), [(1.0, 1.0), (0.3, 1.0), (1.7, 5.0)])
def test_equals_plain_loop(gain, v_threshold):
    intensity = np.random.default_rng(0).random((200, 4, 5), dtype=np.float32)
    spikes = simulate_burst(intensity, SpikeCamera(gain, v_threshold), seed=3)
    assert spikes.dtype == np.uint8
    np.testing.assert_array_equal(spikes, plain_camera(intensity, gain, v_threshold, 3))


@pytest.mark.parametrize("noise", [None, SensorNoise()])
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 39), max_size=6, unique=True))
def test_chunks_do_not_matter(noise, cuts):
    intensity = np.random.default_rng(1).random((40, 3, 4), dtype=np.float32)
    camera = SpikeCamera(noise=noise)
    chunks = np.split(intensity, sorted(cuts))
    stream = np.concatenate(list(simulate_spikes(chunks, camera, seed=5)))
    np.testing.assert_array_equal(stream, simulate_burst(intensity, camera, seed=5))


def test_rate_is_proportional_to_light():
    light = np.linspace(0, 1, 101, dtype=np.float32)
    num_frames, gain, v_threshold = 1000, 1.5, 2.0
    intensity = np.broadcast_to(light, (num_frames, 1, 101))
    spikes = simulate_burst(intensity, SpikeCamera(gain, v_threshold), seed=0)
    rate = spikes.mean(0)[0]
    # One spike of phase either way; a millionth for float32 sums.
    np.testing.assert_allclose(rate, gain * light / v_threshold, atol=1.000001 / num_frames)


def test_soft_reset_keeps_the_charge_left_over():
    # A reset to zero would fire every third step, 0.333.
    spikes = simulate_burst(np.full((4000, 1, 1), 0.9, np.float32), SpikeCamera(gain=0.5), 0)
    assert spikes.mean() == pytest.approx(0.45, abs=1 / 4000)


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_brighter_never_fires_less(a, b):
    dim, bright = (np.full((50, 2, 2), light, np.float32) for light in sorted((a, b)))
    camera = SpikeCamera(gain=0.7)
    assert (simulate_burst(dim, camera, 9).sum(0) <= simulate_burst(bright, camera, 9).sum(0)).all()


def test_initial_charge_is_uniform():
    # A uniform phase fires in the first step with the probability g I / theta, in any step.
    spikes = simulate_burst(np.full((4, 200, 200), 0.25, np.float32), SpikeCamera(), 0)
    np.testing.assert_allclose(spikes.mean((1, 2)), 0.25, atol=0.01)
    np.testing.assert_array_equal(spikes.sum(0), 1)


def test_seed_decides():
    intensity = np.full((20, 8, 8), 0.4, np.float32)
    camera = SpikeCamera(noise=SensorNoise())
    first = simulate_burst(intensity, camera, (1, 2))
    np.testing.assert_array_equal(first, simulate_burst(intensity, camera, (1, 2)))
    assert (first != simulate_burst(intensity, camera, (1, 3))).any()


def test_is_lazy():
    def endless():
        while True:
            yield np.full((10, 2, 2), 0.5, np.float32)

    chunks = itertools.islice(simulate_spikes(endless(), SpikeCamera(), 0), 3)
    assert sum(len(chunk) for chunk in chunks) == 30


@pytest.mark.parametrize(
    ("gain", "v_threshold", "message"),
    [
        (1.1, 1.0, "gain 1.1 exceeds v_threshold 1.0"),
        (0.0, 1.0, "gain must be positive"),
        (1.0, float("nan"), "v_threshold must be positive"),
    ],
)
def test_bad_camera(gain, v_threshold, message):
    with pytest.raises(ValueError, match=message):
        SpikeCamera(gain, v_threshold)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_bad_intensity(value):
    intensity = np.full((2, 3, 3), 0.5, np.float32)
    intensity[1, 2, 0] = value
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        simulate_burst(intensity, SpikeCamera(), 0)


def test_bad_shape():
    with pytest.raises(ValueError, match=r"\(T, H, W\)"):
        simulate_burst(np.zeros((3, 3), np.float32), SpikeCamera(), 0)

import numpy as np
import pytest

from snn_depth.data.streams.spike_stream import SpikeStream
from snn_depth.data.streams.textures import texture_from_interval, texture_from_playback


def pixel(*frames: int) -> np.ndarray:
    return np.array(frames, np.uint8).reshape(-1, 1, 1)


def slow_interval(train: np.ndarray, center: int, max_interval: int) -> float:
    before = [t for t in range(center + 1) if train[t]]
    after = [t for t in range(center + 1, len(train)) if train[t]]
    if not before or not after or after[0] - before[-1] > max_interval:
        return 0.0
    return 1 / (after[0] - before[-1])


def test_playback_by_hand() -> None:
    spikes = pixel(1, 0, 1, 1, 0, 0)
    assert texture_from_playback(spikes, 2, 3)[0, 0] == np.float32(2 / 3)
    assert texture_from_playback(spikes, 2, 4)[0, 0] == 0.75  # frames 0..3
    assert texture_from_playback(spikes, 5, 1)[0, 0] == 0


@pytest.mark.parametrize(("center", "window"), [(0, 3), (5, 3), (2, 7), (2, 0), (-1, 1)])
def test_playback_window_outside(center: int, window: int) -> None:
    with pytest.raises(ValueError, match="leaves the stream of 6 frames"):
        texture_from_playback(pixel(0, 1, 0, 1, 0, 1), center, window)


def test_interval_against_a_slow_search() -> None:
    rng = np.random.default_rng(0)
    spikes = (rng.random((20, 4, 6)) < rng.random((4, 6))).astype(np.uint8)
    for center in range(20):
        for max_interval in (1, 2, 5, 40):
            texture = texture_from_interval(spikes, center, max_interval)
            assert texture.dtype == np.float32
            for y in range(4):
                for x in range(6):
                    expected = np.float32(slow_interval(spikes[:, y, x], center, max_interval))
                    assert texture[y, x] == expected


@pytest.mark.parametrize(("center", "max_interval"), [(6, 3), (-1, 3), (2, 0)])
def test_interval_bad_arguments(center: int, max_interval: int) -> None:
    with pytest.raises(ValueError, match="accepted"):
        texture_from_interval(pixel(0, 1, 0, 1, 0, 1), center, max_interval)


def test_textures_recover_constant_light() -> None:
    """A pixel that fires every n-th step has brightness 1/n by either estimate."""
    every = np.array([1, 2, 4, 5])
    spikes = (np.arange(40)[:, None, None] % every == 0).astype(np.uint8)
    stream = SpikeStream.from_array(spikes)
    np.testing.assert_allclose(texture_from_interval(stream, 17, 8)[0], 1 / every, rtol=1e-6)
    np.testing.assert_allclose(texture_from_playback(stream, 20, 20)[0], 1 / every, rtol=1e-6)

from dataclasses import replace

import numpy as np
import pytest

from snn_depth.data.simulation.camera import SpikeCamera, simulate_burst
from snn_depth.data.simulation.noise import SensorNoise, fixed_pattern, temporal_generator

SILENT = SensorNoise(
    response_std=0,
    offset_voltage_std=0,
    capacitance_std=0,
    dark_rate_hz=0,
    dark_rate_std_hz=0,
    threshold_noise_std=0,
    photons_per_spike=float("inf"),
    reset_time_s=0,
)


def constant(light, num_frames, size=64):
    return np.full((num_frames, size, size), light, np.float32)


def plain_sensor(intensity, camera, seed):
    """The model in double precision, one pixel and one step at a time."""
    num_frames, height, width = intensity.shape
    noise, rng = camera.noise, temporal_generator(seed)
    pattern = fixed_pattern(noise, height, width)
    charge = rng.random((height, width), dtype=np.float32) * pattern.threshold.astype(float)
    blind = np.zeros((height, width), bool)
    spikes = np.zeros(intensity.shape, np.uint8)
    for t in range(num_frames):
        photon, comparator = (
            rng.standard_normal((height, width), dtype=np.float32) for _ in range(2)
        )
        for y in range(height):
            for x in range(width):
                light = float(intensity[t, y, x]) * camera.gain / camera.v_threshold
                light += np.sqrt(light / noise.photons_per_spike) * float(photon[y, x])
                deposit = light * float(pattern.gain[y, x])
                deposit += float(pattern.dark_rate_hz[y, x]) / camera.sample_rate_hz
                if blind[y, x]:
                    deposit *= 1 - noise.reset_time_s * camera.sample_rate_hz
                charge[y, x] += deposit
                base = float(pattern.threshold[y, x])
                threshold = base * (1 + noise.threshold_noise_std * float(comparator[y, x]))
                blind[y, x] = charge[y, x] >= threshold
                spikes[t, y, x] = blind[y, x]
                charge[y, x] = min(charge[y, x] - threshold * blind[y, x], base)
    return spikes


def test_equals_plain_loop():
    intensity = np.random.default_rng(0).random((60, 9, 9), dtype=np.float32)
    camera = SpikeCamera(1.8, 2.0, 40000.0, SensorNoise(reset_time_s=1e-6))
    spikes = simulate_burst(intensity, camera, 4)
    # Single precision may move a spike by one step where the charge meets the threshold.
    assert (spikes != plain_sensor(intensity, camera, 4)).mean() < 1e-3


def test_without_any_noise_equals_the_ideal_sensor():
    intensity = np.random.default_rng(0).random((60, 9, 9), dtype=np.float32)
    np.testing.assert_array_equal(
        simulate_burst(intensity, SpikeCamera(noise=SILENT), 1),
        simulate_burst(intensity, SpikeCamera(), 1),
    )


def test_constants_are_those_measured():
    # Percentages of the threshold and rates derived from the published voltages.
    noise = SensorNoise()
    assert noise.dark_rate_hz == pytest.approx(93.5, abs=0.05)
    assert noise.dark_rate_std_hz / noise.dark_rate_hz == pytest.approx(0.39, abs=0.005)
    assert noise.offset_voltage_std == pytest.approx(0.0455, abs=1e-4)
    assert noise.capacitance_std == pytest.approx(0.0029, abs=1e-4)
    assert noise.threshold_noise_std == pytest.approx(0.0058, abs=1e-4)


def test_fixed_pattern_statistics():
    noise = SensorNoise()
    pattern = fixed_pattern(noise, 250, 400)
    assert pattern.gain.mean() == pytest.approx(1, abs=1e-3)
    assert pattern.gain.std() == pytest.approx(noise.response_std, rel=0.02)
    assert pattern.threshold.mean() == pytest.approx(1, abs=1e-3)
    both = np.hypot(noise.offset_voltage_std, noise.capacitance_std)
    assert pattern.threshold.std() == pytest.approx(both, rel=0.02)
    assert pattern.dark_rate_hz.mean() == pytest.approx(noise.dark_rate_hz, rel=0.01)
    assert pattern.dark_rate_hz.min() >= 0


def test_fixed_pattern_belongs_to_the_sensor():
    first, same = (fixed_pattern(SensorNoise(sensor_seed=1), 8, 9) for _ in range(2))
    other = fixed_pattern(SensorNoise(sensor_seed=2), 8, 9)
    np.testing.assert_array_equal(first.gain, same.gain)
    assert (first.gain != other.gain).any()
    assert (first.gain != first.threshold).any()


def test_dark_pixels_fire_at_the_dark_rate():
    sample_rate_hz, num_frames = 5000.0, 2000
    camera = SpikeCamera(sample_rate_hz=sample_rate_hz, noise=SensorNoise())
    counts = simulate_burst(constant(0, num_frames), camera, 0).sum(0)
    rate_hz = counts / num_frames * sample_rate_hz
    assert rate_hz.mean() == pytest.approx(93.5, rel=0.03)
    assert rate_hz.std() == pytest.approx(36.4, rel=0.05)


def test_photon_shot_noise_variance():
    # The light of 1000 spikes is 1000 * 50 photons: a variance of 1000 / 50 spikes.
    camera = SpikeCamera(noise=replace(SILENT, photons_per_spike=50))
    counts = simulate_burst(constant(0.5, 2000), camera, 0).sum(0)
    assert counts.mean() == pytest.approx(1000, abs=0.5)
    assert counts.var() == pytest.approx(20, rel=0.1)


def test_threshold_noise_jitters_intervals():
    camera = SpikeCamera(noise=replace(SILENT, threshold_noise_std=0.2))
    spikes = simulate_burst(constant(0.125, 400, size=32), camera, 0)
    intervals = np.diff(np.nonzero(spikes.reshape(400, -1).T)[1])
    assert intervals[intervals > 0].std() > 0.5
    clean = simulate_burst(constant(0.125, 400, size=32), SpikeCamera(noise=SILENT), 0)
    intervals = np.diff(np.nonzero(clean.reshape(400, -1).T)[1])
    assert intervals[intervals > 0].std() == 0


def test_dead_time_after_a_spike():
    # 5 us of a 50 us step: one tenth of one deposit is lost per spike, r = L / (1 + 0.1 L).
    camera = SpikeCamera(noise=replace(SILENT, reset_time_s=5e-6))
    rate = simulate_burst(constant(0.5, 4000, size=4), camera, 0).mean()
    assert rate == pytest.approx(0.5 / 1.05, abs=1e-3)


def test_charge_beyond_one_spike_per_step_is_lost():
    # Response 30 % too high on half of the pixels: saturated, then dark at once.
    noise = replace(SILENT, response_std=0.3)
    light = np.concatenate([constant(1, 500), constant(0, 10)])
    spikes = simulate_burst(light, SpikeCamera(noise=noise), 0)
    saturated = fixed_pattern(noise, 64, 64).gain > 1.05
    assert spikes[1:500, saturated].all()
    assert spikes[500:].sum(0).max() <= 1


@pytest.fixture
def maps_file(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "maps.npz"
    np.savez(
        path,
        Nd=rng.uniform(2, 20, (6, 8)).astype(np.float32),
        Nl=rng.uniform(0.5, 0.8, (6, 8)).astype(np.float32),
        D_light=rng.uniform(4, 6, (6, 8)).astype(np.float32),
    )
    return path


def test_measured_maps_give_the_measured_intervals(maps_file):
    clean_interval, num_frames = 4.0, 4000
    noise = replace(SILENT, measured_maps=maps_file)
    light = np.full((num_frames, 5, 7), 1 / clean_interval, np.float32)
    rate = simulate_burst(light, SpikeCamera(noise=noise), 0).mean(0)
    with np.load(maps_file) as maps:
        nd, nl, d_light = (maps[name][:5, :7] for name in ("Nd", "Nl", "D_light"))
    interval = clean_interval / (nl + clean_interval * nd / (d_light * (335 + nd)))
    np.testing.assert_allclose(rate, 1 / interval, atol=1.1 / num_frames)


def test_measured_maps_of_a_real_sensor(test_data_dir):
    path = test_data_dir / "spike_noise_maps" / "data.npz"
    if not path.is_file():
        pytest.skip(f"{path} not found")
    pattern = fixed_pattern(SensorNoise(measured_maps=path), 250, 400)
    # The dark rate agrees with the independent measurement behind the model.
    assert np.median(pattern.dark_rate_hz) == pytest.approx(93.5, rel=0.1)
    assert pattern.gain.std() / pattern.gain.mean() == pytest.approx(0.056, abs=0.005)


def test_measured_maps_too_small(maps_file):
    with pytest.raises(ValueError, match="6x8 and cannot cover frames of 7x8"):
        fixed_pattern(SensorNoise(measured_maps=maps_file), 7, 8)


def test_measured_maps_incomplete(tmp_path):
    np.savez(tmp_path / "maps.npz", Nd=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"lacks \['D_light', 'Nl'\]"):
        fixed_pattern(SensorNoise(measured_maps=tmp_path / "maps.npz"), 2, 2)


def test_measured_maps_of_another_kind(tmp_path):
    path = tmp_path / "maps.npz"
    path.write_text("no archive")
    with pytest.raises(ValueError, match=r"is not an \.npz file"):
        fixed_pattern(SensorNoise(measured_maps=path), 2, 2)

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from snn_depth.data.simulation.noise import SensorNoise
from snn_depth.data.streams.recording import Recording
from snn_depth.data.world import generate as generating
from snn_depth.data.world.generate import WorldConfig, generate

SMALL = WorldConfig(
    num_scenes=2, frames_per_scene=2, height=32, width=64, num_frames=24, seed=4, domain="rain"
)


def contents(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file} | {
            key: np.array(value) for key, value in file.attrs.items()
        }


def assert_equal_files(first: Path, second: Path) -> None:
    a, b = contents(first), contents(second)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return generate(SMALL, tmp_path_factory.mktemp("world"), num_workers=1)


def test_recordings_have_every_part(made: list[Path]) -> None:
    with Recording.open(made[0]) as recording:
        assert recording.spikes.shape == (48, 32, 64)
        assert recording.num_key_frames == 2
        assert recording.burst_frames == 24
        assert [recording.spike_index(k) for k in (0, 1)] == [12, 36]
        assert recording.camera["world"]["domain"] == "rain"
        focal_length = 32 / np.tan(np.radians(41))
        np.testing.assert_allclose(
            recording.intrinsics, [[focal_length, 0, 31.5], [0, focal_length, 15.5], [0, 0, 1]]
        )
        for k in (0, 1):
            depth_m, rgb = recording.depth_m(k), recording.rgb(k)
            assert rgb.std() > 5
            measured = depth_m[depth_m > 0]
            assert measured.min() >= 1 and measured.max() <= 80
            assert (depth_m > 0).mean() > 0.3
            assert set(np.unique(recording.window(k, 24))) == {0, 1}
        moved = np.linalg.norm(recording.pose(1)[:3, 3] - recording.pose(0)[:3, 3])
        assert moved == pytest.approx(8.0, abs=1.0)


def test_scenes_differ(made: list[Path]) -> None:
    first, second = (contents(path) for path in made)
    assert (first["rgb"] != second["rgb"]).mean() > 0.5


def test_domains_share_their_streets(made: list[Path], tmp_path: Path) -> None:
    clear = contents(generate(replace(SMALL, domain="clear"), tmp_path, num_workers=1)[0])
    rain = contents(made[0])
    np.testing.assert_array_equal(clear["depth_m"], rain["depth_m"])
    np.testing.assert_array_equal(clear["pose"], rain["pose"])
    assert (clear["rgb"] != rain["rgb"]).mean() > 0.9


@pytest.mark.slow
def test_workers_make_the_same_recordings(
    made: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generating, "_MIN_SHARE", 1)
    done: list[int] = []
    paths = generate(SMALL, tmp_path, num_workers=2, progress=done.append)
    assert sum(done) == 2
    for path, expected in zip(paths, made, strict=True):
        assert_equal_files(path, expected)


def test_finished_scenes_are_kept_and_missing_ones_made(made: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / made[0].parent.name
    folder.mkdir()
    kept = folder / made[0].name
    kept.write_bytes(b"not made again")
    # What a killed run leaves behind is not taken for a recording.
    (folder / f".{made[1].stem}.0123.partial.h5").write_bytes(b"half")
    paths = generate(SMALL, tmp_path, num_workers=1)
    assert kept.read_bytes() == b"not made again"
    assert_equal_files(paths[1], made[1])


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generating, "simulate_burst", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate(SMALL, tmp_path, num_workers=1)
    assert list(tmp_path.rglob("*.h5")) == []


def test_firing_rates_are_realistic(tmp_path: Path) -> None:
    rates = {}
    for domain in ("clear", "night"):
        config = replace(SMALL, domain=domain, frames_per_scene=1)
        with Recording.open(generate(config, tmp_path, num_workers=1)[0]) as recording:
            rates[domain] = recording.window(0, 24).mean()
    assert 0.1 < rates["clear"] < 0.4
    assert rates["night"] < 0.12


def test_the_noisy_sensor_differs_from_the_ideal_one_in_its_spikes_only(
    made: list[Path], tmp_path: Path
) -> None:
    noisy = contents(generate(replace(SMALL, sensor="noisy"), tmp_path, num_workers=1)[0])
    ideal = contents(made[0])
    for name in ("rgb", "depth_m", "pose"):
        np.testing.assert_array_equal(noisy[name], ideal[name])
    assert (noisy["spikes"] != ideal["spikes"]).mean() > 0.05


def test_the_dim_sensor_collects_an_eighth_of_the_light(made: list[Path], tmp_path: Path) -> None:
    dim_path = generate(replace(SMALL, sensor="dim"), tmp_path, num_workers=1)[0]
    with Recording.open(made[0]) as ideal, Recording.open(dim_path) as dim:
        dark_rate = SensorNoise().dark_rate_hz / SMALL.sample_rate_hz
        expected = ideal.window(0, 24).mean() / 8 + dark_rate
        assert dim.window(0, 24).mean() == pytest.approx(expected, rel=0.15)
        np.testing.assert_array_equal(dim.depth_m(0), ideal.depth_m(0))

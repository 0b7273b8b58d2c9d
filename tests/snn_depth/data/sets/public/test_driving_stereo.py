import logging

import pytest

from snn_depth.data.sets.public import DrivingStereo, DrivingStereoWeather
from snn_depth.data.sets.public.driving_stereo import time_s
from snn_depth.data.streams.recording import Recording
from tests.snn_depth.data.sets.public.trees import (
    SEQUENCE,
    driving_stereo_names,
    make_driving_stereo,
    make_weather,
    save_depth,
    save_rgb,
    write_half_calibration,
)

OTHER = "2018-08-01-11-13-14"
SMALL = {"size": None, "crop": None, "num_frames": 8, "num_bins": 2}


def make(root, **settings):
    return DrivingStereo(root, cache_dir=str(root / "cache"), **SMALL | settings)


def make_weathers(root, **settings):
    return DrivingStereoWeather(root, cache_dir=str(root / "cache"), **SMALL | settings)


@pytest.fixture
def root(tmp_path):
    make_driving_stereo(tmp_path / "stereo")
    return make_driving_stereo(tmp_path / "stereo", OTHER, num=2)


@pytest.fixture
def weather_root(tmp_path):
    return make_weather(tmp_path / "weather")


def test_samples(root):
    assert DrivingStereo.recognises(root)
    dataset = make(root)
    assert len(dataset) == 5
    # 1920 / 256.
    assert dataset[0]["spikes"].depth_m.unique().tolist() == [7.5]
    assert dataset[0]["spikes"].intrinsics[0].tolist() == [31, 0, 20]
    assert len(make(root, sequences=[OTHER])) == 2


def test_test_archives_lie_deeper_and_in_one_folder(tmp_path):
    root = tmp_path / "stereo"
    for name in driving_stereo_names(OTHER, 2):
        save_rgb(root / "test-left-image/left-image-half-size" / f"{name}.jpg", seed=2)
        save_depth(root / "test-depth-map/depth-map-half-size" / f"{name}.png", 256)
    write_half_calibration(root / "test-calib", OTHER)
    assert DrivingStereo.check_layout(root).num_samples == {OTHER: 2}
    assert len(make(root)) == 2


def test_times_in_the_names():
    first, second = driving_stereo_names(SEQUENCE, 2)
    assert second.endswith("2018-07-09-16-11-57-200")
    assert time_s(f"{second}.jpg") - time_s(f"{first}.jpg") == pytest.approx(0.2, abs=1e-6)
    # 2018-07-09 16:11:57 UTC.
    assert time_s(first) == 1531152717
    with pytest.raises(ValueError, match=r"'a_b\.jpg' does not tell its time"):
        time_s("a_b.jpg")


def test_pictures_move_only_where_the_next_is_near(root):
    names = driving_stereo_names(SEQUENCE, 3)
    for folder, suffix in (("train-left-image", "jpg"), ("train-depth-map", "png")):
        path = root / folder / SEQUENCE / f"{names[2]}.{suffix}"
        path.rename(path.with_stem(names[2].replace("57-400", "58-400")))
    dataset = make(root, sequences=[SEQUENCE], sample_rate_hz=100.0)
    (file,) = (root / "cache").rglob("*.h5")
    with Recording.open(file) as recording:
        assert recording.timestamp_s(2) - recording.timestamp_s(1) == pytest.approx(1.2)
    still = make(root, sequences=[SEQUENCE], sample_rate_hz=100.0, interpolation="none")
    differs = [
        bool((dataset[k]["spikes"].image != still[k]["spikes"].image).any()) for k in range(3)
    ]
    assert differs == [True, True, False]


def test_missing_parts_are_named(root):
    with pytest.raises(ValueError, match=f"no sequence '2018-01-01' in .* accepted: {SEQUENCE}"):
        make(root, sequences=["2018-01-01"])
    name = driving_stereo_names(SEQUENCE, 2)[1]
    (root / "train-depth-map" / SEQUENCE / f"{name}.png").unlink()
    (root / "half-image-calib" / f"{OTHER}.txt").unlink()
    report = DrivingStereo.check_layout(root)
    assert report.num_samples == {}
    assert f"depth map not found: {name}.png" in report.problems[0]
    assert f"calibration not found: {root}/half-image-calib/{OTHER}.txt" in report.problems[1]
    with pytest.raises(FileNotFoundError, match="depth map not found"):
        make(root)


def test_another_layout(tmp_path):
    for dataset in (DrivingStereo, DrivingStereoWeather):
        assert not dataset.recognises(tmp_path)
        with pytest.raises(ValueError, match=f"not laid out as {dataset.title}: there is no"):
            dataset(tmp_path)


def test_weathers_are_split_in_time(weather_root, caplog):
    assert DrivingStereoWeather.recognises(weather_root)
    assert not DrivingStereo.recognises(weather_root)
    with caplog.at_level(logging.WARNING):
        train = make_weathers(weather_root, weathers=["sunny", "rainy"], split="train")
    assert "no calibration for sunny_2018-10-10-09-30-39; intrinsics are left out" in caplog.text
    test = make_weathers(weather_root, weathers=["foggy"], split="test")
    assert [train[k]["spikes"].depth_m.max() for k in range(8)] == [1, 2, 3, 4] * 2
    assert [sample["spikes"].depth_m.max() for sample in (test[0],)] == [5]
    assert len(test) == 1
    assert not test[0]["spikes"].has("intrinsics")
    assert len(make_weathers(weather_root)) == 20


def test_weather_pictures_stand_still(weather_root):
    dataset = make_weathers(weather_root, weathers=["cloudy"])
    still = make_weathers(weather_root, weathers=["cloudy"], interpolation="none")
    assert (dataset[1]["spikes"].image == still[1]["spikes"].image).all()


def test_weather_takes_the_calibration_of_the_main_data_set(weather_root):
    write_half_calibration(weather_root, "2018-10-10-09-30-39")
    dataset = make_weathers(weather_root, weathers=["sunny"])
    assert dataset[0]["spikes"].intrinsics[0, 0] == 31
    # All or none: samples of one batch have the same parts.
    mixed = make_weathers(weather_root, weathers=["sunny", "rainy"])
    assert not any(mixed[k]["spikes"].has("intrinsics") for k in range(10))


def test_weather_with_parts_missing(weather_root):
    for file in (weather_root / "foggy/left-image-half-size").iterdir():
        file.unlink()
    next((weather_root / "rainy/depth-map-half-size").iterdir()).unlink()
    report = DrivingStereoWeather.check_layout(weather_root)
    assert report.num_samples == {"sunny": 5, "cloudy": 5}
    assert ["foggy" in report.problems[0], "depth map" in report.problems[1]] == [True, True]
    with pytest.raises(ValueError, match="weather is 'snowy'; accepted: sunny, cloudy, foggy"):
        make_weathers(weather_root, weathers=["snowy"])
    with pytest.raises(ValueError, match="split is 'val'; accepted: all, train, test"):
        make_weathers(weather_root, split="val")

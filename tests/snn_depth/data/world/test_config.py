from dataclasses import replace

import pytest

from snn_depth.data.world.config import WorldConfig
from snn_depth.data.world.domains import DOMAINS
from snn_depth.data.world.scenery.layouts import LAYOUTS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domain": "snow"}, "domain is 'snow'; accepted: clear, cloudy, fog"),
        ({"layout": "village"}, "layout is 'village'; accepted: city, suburb, park"),
        ({"sensor": "perfect"}, "sensor is 'perfect'; accepted: ideal, noisy, dim"),
        ({"num_scenes": 0}, "num_scenes is 0; accepted: 1 or more"),
        ({"frames_per_scene": -1}, "frames_per_scene is -1"),
        ({"num_frames": 0}, "num_frames is 0"),
        ({"height": 4}, "height is 4; accepted: 8 or more"),
        ({"frame_spacing_m": 0.0}, "frame_spacing_m is 0.0; accepted: positive"),
        ({"sample_rate_hz": float("inf")}, "sample_rate_hz is inf"),
        ({"max_depth_m": 0.5}, r"max_depth_m is 0.5; accepted: .* above min_depth_m \(1.0\)"),
        ({"min_depth_m": float("nan")}, "min_depth_m is nan"),
        ({"seed": -1}, "seed is -1; accepted: 0 or more"),
    ],
)
def test_wrong_values_are_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldConfig(**change)


def test_every_name_is_known_to_the_renderer() -> None:
    for domain in DOMAINS:
        WorldConfig(domain=domain)
    for layout in LAYOUTS:
        WorldConfig(layout=layout)


@pytest.mark.parametrize(
    "change", [{"domain": "fog"}, {"seed": 1}, {"sensor": "noisy"}, {"frame_spacing_m": 0.5}]
)
def test_cache_folder_tells_configurations_apart(change: dict) -> None:
    config = WorldConfig()
    assert replace(config, **change).cache_name() != config.cache_name()


def test_more_scenes_share_the_folder() -> None:
    assert WorldConfig(num_scenes=3).cache_name() == WorldConfig(num_scenes=99).cache_name()

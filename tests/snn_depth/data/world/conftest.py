"""A scene and its key frames, rendered once for all tests of the world."""

from dataclasses import replace

import numpy as np
import pytest

from snn_depth.data.world.domains import sample_conditions
from snn_depth.data.world.geometry.ray_casting import PinholeCamera
from snn_depth.data.world.scenery.layouts import LAYOUTS
from snn_depth.data.world.scenery.street_scene import Scene, make_scene

CAMERA = PinholeCamera.centered(64, 128, 74.0)


@pytest.fixture(scope="session")
def empty_street() -> Scene:
    """A sunny street without traffic, so that nothing but the camera moves."""
    rng = np.random.default_rng(5)
    conditions = sample_conditions("clear", rng)
    return replace(make_scene(LAYOUTS["city"], conditions, rng, 16.0), vehicles=[])

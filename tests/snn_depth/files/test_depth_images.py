import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from snn_depth.files.depth_images import DepthStackWriter, png_scale, write_depth_png


def test_stack_is_what_numpy_loads(tmp_path):
    maps = np.random.default_rng(0).uniform(1, 80, (3, 4, 5))
    with DepthStackWriter(tmp_path / "depth.npy", maps.shape) as writer:
        for depth_m in maps:
            writer.append(depth_m)
    loaded = np.load(tmp_path / "depth.npy")
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, maps.astype(np.float32))


def test_png_holds_kitti_units(tmp_path):
    depth_m = np.array([[1.0, 79.998], [0.0, 10.001]])
    write_depth_png(tmp_path / "d.png", depth_m, 256.0)
    stored = np.asarray(Image.open(tmp_path / "d.png"))
    assert stored.dtype == np.uint16
    np.testing.assert_array_equal(stored, [[256, 20479], [0, 2560]])


@pytest.mark.parametrize(("max_depth_m", "scale"), [(10, 256), (80, 256), (256, 128), (1000, 64)])
def test_png_scale(max_depth_m, scale):
    assert png_scale(max_depth_m) == scale


@given(st.floats(0.1, 60000))
def test_png_scale_always_fits(max_depth_m):
    assert round(max_depth_m * png_scale(max_depth_m)) <= 65535

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from snn_depth.data.simulation.depth_maps import read_depth_m, resize_depth


def save(path, stored):
    Image.fromarray(stored).save(path)
    return path


@pytest.mark.parametrize("suffix", [".png", ".pgm", ".tif"])
def test_integer_depth(tmp_path, suffix):
    stored = np.array([[0, 256, 65535], [512, 1, 20000]], np.uint16)
    depth_m = read_depth_m(save(tmp_path / f"d{suffix}", stored), 1 / 256)
    assert depth_m.dtype == np.float32
    np.testing.assert_allclose(depth_m, [[0, 1, 0], [2, 1 / 256, 78.125]])


def test_float_depth_is_metres(tmp_path):
    np.save(tmp_path / "d.npy", np.array([[1.5, 0]]))
    np.testing.assert_array_equal(read_depth_m(tmp_path / "d.npy", None), [[1.5, 0]])
    np.testing.assert_array_equal(read_depth_m(tmp_path / "d.npy", 2.0), [[3, 0]])


def test_integers_need_a_scale(tmp_path):
    path = save(tmp_path / "d.png", np.ones((2, 2), np.uint16))
    with pytest.raises(ValueError, match=r"d\.png holds integers; give the metres per unit"):
        read_depth_m(path, None)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1])
def test_bad_value_is_counted(tmp_path, bad):
    np.save(tmp_path / "d.npy", np.array([[1.0, bad], [bad, 2.0]]))
    with pytest.raises(ValueError, match=r"d\.npy has 2 negative, infinite or NaN values"):
        read_depth_m(tmp_path / "d.npy", None)


def test_colour_picture_is_no_depth(tmp_path):
    path = save(tmp_path / "d.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="one channel"):
        read_depth_m(path, 1.0)


def test_damaged_files(tmp_path):
    (tmp_path / "d.npy").write_bytes(b"")
    (tmp_path / "d.png").write_bytes(b"x")
    for name in ("d.npy", "d.png"):
        with pytest.raises(ValueError, match=f"cannot read .*{name}"):
            read_depth_m(tmp_path / name, 1.0)


def plain_resize(depth_m, size):
    (old_height, old_width), (height, width) = depth_m.shape, size
    result = np.zeros(size, np.float32)
    for row in range(height):
        for column in range(width):
            y = int((row + 0.5) * old_height / height)
            x = int((column + 0.5) * old_width / width)
            inside = [
                depth_m[i, j]
                for i in range(old_height)
                for j in range(old_width)
                if depth_m[i, j] > 0
                and row <= (i + 0.5) * height / old_height < row + 1
                and column <= (j + 0.5) * width / old_width < column + 1
            ]
            if depth_m[y, x] > 0:
                result[row, column] = depth_m[y, x]
            elif inside:
                result[row, column] = min(inside)
    return result


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([0, 0, 0, 5.5, 7.25, 80]),
    ),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_resize_equals_plain_loop(depth_m, size):
    np.testing.assert_array_equal(resize_depth(depth_m, size), plain_resize(depth_m, size))


def test_no_depth_in_between_is_invented():
    depth_m = np.where(np.arange(640) < 320, 2, 50)[None].repeat(480, 0).astype(np.float32)
    assert set(np.unique(resize_depth(depth_m, (77, 101)))) == {2, 50}


def test_the_nearer_of_two_returns_in_a_pixel_wins():
    depth_m = np.zeros((4, 4), np.float32)
    depth_m[0, 1], depth_m[1, 0] = 30, 8
    np.testing.assert_array_equal(resize_depth(depth_m, (2, 2)), [[8, 0], [0, 0]])


def test_real_lidar_keeps_its_returns(test_data_dir):
    folder = test_data_dir / "kitti_sequence" / "depth_lidar"
    if not folder.is_dir():
        pytest.skip(f"{folder} not found")
    depth_m = read_depth_m(sorted(folder.iterdir())[0], 1 / 256)
    assert 70 < depth_m.max() < 80
    assert np.count_nonzero(depth_m) / depth_m.size == pytest.approx(0.036, abs=0.01)
    small = resize_depth(depth_m, (125, 414))
    assert np.count_nonzero(small) / small.size > 0.15
    assert np.isin(small, depth_m).all()

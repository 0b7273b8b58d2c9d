import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.pictures import linear_intensity, read_rgb, resize_area


def picture(height=12, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path, rgb):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return path


def test_every_8_bit_kind_of_image_becomes_rgb(tmp_path):
    grey = picture()[..., 0]
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "a.png", grey)), np.dstack([grey] * 3))
    rgba = np.dstack([picture(), grey])
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "b.png", rgba)), rgba[..., :3])


def test_16_bit_picture_is_refused(tmp_path):
    path = save(tmp_path / "a.png", picture()[..., 0].astype(np.uint16))
    with pytest.raises(ValueError, match="more than 8 bits"):
        read_rgb(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_damaged_image_is_named(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", picture(64, 64))
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(ValueError, match=f"cannot read image .*a{suffix}"):
        read_rgb(path)


def test_file_that_is_no_image(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(ValueError, match=r"cannot read image .*a\.png"):
        read_rgb(tmp_path / "a.png")


def test_linear_intensity_is_luminance_of_decoded_values():
    rgb = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [100, 150, 200]]], np.uint8)
    light = linear_intensity(rgb, 2.2)
    assert light.dtype == np.float32
    decoded = [(value / 255) ** 2.2 for value in (100, 150, 200)]
    expected = 0.2126 * decoded[0] + 0.7152 * decoded[1] + 0.0722 * decoded[2]
    np.testing.assert_allclose(light, [[1, 0, 0.2126, expected]], atol=1e-6)
    np.testing.assert_allclose(linear_intensity(rgb, 1.0)[0, 2], 0.2126, atol=1e-6)


def test_light_is_averaged_not_code_values():
    black_and_white = np.zeros((4, 4, 3), np.uint8)
    black_and_white[::2] = 255
    light = linear_intensity(black_and_white, 2.2, size=(2, 2))
    np.testing.assert_allclose(light, 0.5, atol=1e-6)


def test_intensity_never_exceeds_one():
    assert linear_intensity(np.full((7, 5, 3), 255, np.uint8), 2.2, size=(3, 2)).max() <= 1


def test_resize_area_averages_blocks():
    image = np.random.default_rng(0).random((6, 8)).astype(np.float32)
    blocks = image.reshape(3, 2, 4, 2).mean((1, 3))
    np.testing.assert_allclose(resize_area(image, (3, 4)), blocks, atol=1e-6)
    assert resize_area(image, (12, 16)).shape == (12, 16)

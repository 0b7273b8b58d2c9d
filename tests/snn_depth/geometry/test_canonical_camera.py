import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn_depth.data.spec import DataSpec
from snn_depth.geometry.resampling import resample_area

TRAINED_FOR = DataSpec(height=64, width=128, focal_length_px=64.0)


def slow_resample(picture, size):
    """Every new pixel by its overlap with every old one."""
    old_height, old_width = picture.shape
    result = torch.zeros(size)
    for i in range(size[0]):
        for j in range(size[1]):
            top, bottom = i * old_height / size[0], (i + 1) * old_height / size[0]
            left, right = j * old_width / size[1], (j + 1) * old_width / size[1]
            for r in range(old_height):
                for c in range(old_width):
                    rows = max(0.0, min(bottom, r + 1) - max(top, r))
                    columns = max(0.0, min(right, c + 1) - max(left, c))
                    result[i, j] += picture[r, c] * rows * columns
            result[i, j] /= (bottom - top) * (right - left)
    return result


@settings(max_examples=25, deadline=None)
@given(*[st.integers(1, 9)] * 4)
def test_area_resampling_equals_slow_reference(old_height, old_width, height, width):
    generator = torch.Generator().manual_seed(old_height * 9 + width)
    picture = torch.rand(old_height, old_width, generator=generator)
    got = resample_area(picture, (height, width))
    torch.testing.assert_close(got, slow_resample(picture, (height, width)))
    torch.testing.assert_close(got.mean(), picture.mean())


def test_area_resampling_takes_integers_and_keeps_leading_axes():
    counts = torch.randint(0, 16, (8, 2, 1, 6, 10), dtype=torch.uint8)
    got = resample_area(counts, (3, 5))
    torch.testing.assert_close(
        got.flatten(0, 1), torch.nn.functional.avg_pool2d(counts.float().flatten(0, 1), 2)
    )
    assert resample_area(got, (3, 5)) is got


def test_focal_lengths_agree_afterwards():
    camera = TRAINED_FOR.canonical_camera(250, 400, (256.0, 320.0))
    assert camera.is_metric
    assert camera.network_size == (50, 100)  # rows by 64/320, columns by 64/256
    assert "focal lengths agree" in camera.describe()


@pytest.mark.parametrize(
    ("focal_lengths_px", "data"),
    [(None, TRAINED_FOR), ((256.0, 256.0), DataSpec(height=64, width=128))],
)
def test_unknown_focal_length_takes_the_training_height_and_says_so(focal_lengths_px, data):
    camera = data.canonical_camera(250, 400, focal_lengths_px)
    assert not camera.is_metric
    assert camera.network_size == (64, 102)
    assert "metres assume the training camera" in camera.describe()


@pytest.mark.parametrize(
    ("focal_length_px", "message"),
    [
        (0.0, "positive"),
        (-3.0, "positive"),
        (0.008, "250 x 400 to .* in pixels of the recording"),  # metres
        (8.0, "pixels of the recording"),  # millimetres: would not shrink but grow, hugely
        (8000.0, "to 2 x 3 pixels"),
    ],
)
def test_focal_lengths_in_another_unit_are_refused(focal_length_px, message):
    data = DataSpec(height=64, width=128, focal_length_px=65.0)
    with pytest.raises(ValueError, match=message):
        data.canonical_camera(250, 400, (focal_length_px, focal_length_px))


def test_depth_comes_back_at_the_recordings_size():
    # Depth of a plane: its inverse is linear in the picture, so nothing is lost inside.
    camera = TRAINED_FOR.canonical_camera(60, 80, (128.0, 128.0))
    inverse = torch.linspace(0.1, 0.5, 40).expand(1, 1, 30, 40)
    depth_m = camera.to_recording(1 / inverse)
    assert depth_m.shape == (1, 1, 60, 80)
    steps = (1 / depth_m)[0, 0, 0].diff()[1:-1]
    torch.testing.assert_close(steps, torch.full_like(steps, 0.4 / 39 / 2), atol=1e-6, rtol=0)


def test_pixels_that_are_not_square():
    data = DataSpec(height=64, width=128, focal_length_px=80.0, focal_length_y_px=64.0)
    same = data.canonical_camera(64, 128, (80.0, 64.0))
    assert same.network_size == (64, 128)
    # Rows by 64/128, columns by 80/80: square pixels become the training camera's.
    assert data.canonical_camera(100, 120, (80.0, 128.0)).network_size == (50, 120)


def test_pictures_of_the_training_camera_come_back_to_the_last_bit():
    camera = TRAINED_FOR.canonical_camera(64, 128, (64.0, 64.0))
    depth_m = 1 + 79 * torch.rand(1, 1, 64, 128, generator=torch.Generator().manual_seed(0))
    assert camera.to_recording(depth_m) is depth_m
    assert camera.to_network(depth_m) is depth_m

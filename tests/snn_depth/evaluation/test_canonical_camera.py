import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.canonical_camera import canonical_camera, resample_area
from snn_depth.models.depth_network import AnnDepthNet

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
    camera = canonical_camera(250, 400, (256.0, 320.0), TRAINED_FOR)
    assert camera.is_metric
    assert camera.network_size == (50, 100)  # rows by 64/320, columns by 64/256
    assert "focal lengths agree" in camera.describe()


@pytest.mark.parametrize(
    ("focal_lengths_px", "data"),
    [(None, TRAINED_FOR), ((256.0, 256.0), DataSpec(height=64, width=128))],
)
def test_unknown_focal_length_takes_the_training_height_and_says_so(focal_lengths_px, data):
    camera = canonical_camera(250, 400, focal_lengths_px, data)
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
        canonical_camera(250, 400, (focal_length_px, focal_length_px), data)


def test_depth_comes_back_at_the_recordings_size():
    # Depth of a plane: its inverse is linear in the picture, so nothing is lost inside.
    camera = canonical_camera(60, 80, (128.0, 128.0), TRAINED_FOR)
    inverse = torch.linspace(0.1, 0.5, 40).expand(1, 1, 30, 40)
    depth_m = camera.to_recording(1 / inverse)
    assert depth_m.shape == (1, 1, 60, 80)
    steps = (1 / depth_m)[0, 0, 0].diff()[1:-1]
    torch.testing.assert_close(steps, torch.full_like(steps, 0.4 / 39 / 2), atol=1e-6, rtol=0)


def test_runs_a_network_and_is_exact_for_the_training_camera():
    torch.manual_seed(0)
    network = AnnDepthNet(channel_multipliers=(1, 1)).eval()
    x = torch.randint(0, 16, (8, 1, 1, 64, 128)).float()
    same = canonical_camera(64, 128, (64.0, 64.0), TRAINED_FOR).run(network, x)
    torch.testing.assert_close(same.depth_m, network(x).depth_m.detach(), atol=1e-4, rtol=1e-5)
    other = canonical_camera(100, 90, None, TRAINED_FOR).run(network, torch.ones(8, 1, 1, 100, 90))
    assert other.depth_m.shape == other.uncertainty.shape == (1, 1, 100, 90)
    assert not other.depth_m.requires_grad

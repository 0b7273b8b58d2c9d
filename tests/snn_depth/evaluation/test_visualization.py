import numpy as np
import pytest
from PIL import Image

from snn_depth.evaluation.visualization import (
    DepthPicture,
    PanelRow,
    colorize_depth,
    save_depth_panel,
    save_gif,
)

CAPS = {"min_depth_m": 1.0, "max_depth_m": 100.0}


def luminance(rgb):
    return rgb.astype(float) @ [0.299, 0.587, 0.114]


def test_near_is_bright_and_colours_are_even_in_log_depth():
    shades = luminance(colorize_depth(np.array([[1.0, 3.0, 10.0, 30.0, 100.0]]), **CAPS))[0]
    assert (np.diff(shades) < 0).all()
    ten = colorize_depth(np.array([[10.0]]), **CAPS)  # the middle of 1 .. 100
    same = colorize_depth(np.array([[5.0]]), min_depth_m=0.5, max_depth_m=50.0)
    np.testing.assert_array_equal(ten, same)


def test_outside_the_range_takes_the_end_colours_and_missing_is_grey():
    colors = colorize_depth(np.array([[0.2, 1.0, 100.0, 900.0, 0.0, np.nan]]), **CAPS)[0]
    assert (colors[0] == colors[1]).all()
    assert (colors[2] == colors[3]).all()
    assert (colors[4] == colors[5]).all()
    assert len(set(colors[4].tolist())) == 1


def test_panel_has_a_row_per_scene_and_an_error_column(tmp_path):
    depth_m = np.geomspace(1.5, 90, 32 * 48).reshape(32, 48)
    full = PanelRow(
        predictions_m={"student": depth_m * 1.2},
        target_m=np.where(depth_m > 60, 0, depth_m),
        texture=np.random.default_rng(0).random((32, 48)),
        rgb=np.zeros((32, 48, 3), np.uint8),
        label="fog",
    )
    without_truth = PanelRow(predictions_m={"student": depth_m})
    save_depth_panel(tmp_path / "one.png", [full], title="one", **CAPS)
    save_depth_panel(tmp_path / "two.png", [full, without_truth], title="two", **CAPS)
    one, two = Image.open(tmp_path / "one.png"), Image.open(tmp_path / "two.png")
    assert one.width == two.width
    assert two.height > one.height + 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.png", "two.png"]


def test_points_of_a_sparse_map_are_widened_to_be_seen(tmp_path):
    points = np.zeros((60, 100))
    points[::10, ::10] = 10.0
    dense_with_gap = np.where(np.arange(100) == 50, 0.0, 10.0) * np.ones((60, 1))
    shares = []
    for name, target_m in (("sparse", points), ("dense", dense_with_gap)):
        save_depth_panel(tmp_path / f"{name}.png", [PanelRow(target_m=target_m)], **CAPS)
        pixels = np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB")).astype(int)
        ten = colorize_depth(np.array([[10.0]]), **CAPS)[0, 0]
        grey = np.abs(pixels - 140).max(axis=-1) <= 1
        depth = np.abs(pixels - ten).max(axis=-1) <= 3
        shares.append(depth.sum() / (depth | grey).sum())
    assert shares[0] == pytest.approx(9 / 100, rel=0.15)  # 3 x 3 for each point
    assert shares[1] == pytest.approx(99 / 100, abs=0.005)  # the gap stays


def test_empty_panel_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="at least one row"):
        save_depth_panel(tmp_path / "none.png", [], **CAPS)


def test_redrawn_picture_equals_a_fresh_one():
    rng = np.random.default_rng(0)
    scenes = [(rng.random((30, 40)), rng.uniform(2, 50, (30, 40))) for _ in range(2)]
    picture = DepthPicture(30, 40, **CAPS)
    drawn = [picture.render(*scene, f"window {i}") for i, scene in enumerate(scenes)]
    assert drawn[0].shape == drawn[1].shape
    assert (drawn[0] != drawn[1]).any()
    fresh = DepthPicture(30, 40, **CAPS).render(*scenes[1], "window 1")
    np.testing.assert_array_equal(drawn[1], fresh)


def test_gif_plays_all_pictures_in_depth_colours(tmp_path):
    depths = [np.full((20, 30), d) for d in (2.0, 8.0, 40.0)]
    pictures = [colorize_depth(d, **CAPS) for d in depths]
    save_gif(tmp_path / "a.gif", iter(pictures), frame_duration_ms=50)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.n_frames == 3
        assert animation.info["duration"] == 50
        for index, picture in enumerate(pictures):
            animation.seek(index)
            shown = np.asarray(animation.convert("RGB")).astype(int)
            assert np.abs(shown - picture).max() <= 8

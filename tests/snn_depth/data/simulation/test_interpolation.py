import cv2
import numpy as np
import pytest

from snn_depth.data.simulation.depth_maps import read_depth_m
from snn_depth.data.simulation.interpolation import (
    InBetween,
    depth_motion,
    fill_depth,
    flow_motion,
    interpolate_pose,
    warp,
)
from snn_depth.data.simulation.pictures import linear_intensity, read_rgb
from snn_depth.geometry.intrinsics import read_intrinsics
from snn_depth.geometry.poses import read_poses

HEIGHT, WIDTH = 60, 80
INNER = (slice(10, -10), slice(10, -10))
INTRINSICS = np.array([[70.0, 0, 39.5], [0, 70, 29.5], [0, 0, 1]])


def waves(x, y):
    """A smooth texture, known at every point."""
    return 0.5 + 0.2 * np.sin(0.35 * x + 0.1 * y) + 0.2 * np.cos(0.27 * y - 0.15 * x)


def grid():
    return np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))


def rgb_of(intensity):
    grey = np.round(255 * intensity).astype(np.uint8)
    return np.dstack([grey, grey, grey])


def still(time):
    return np.zeros((HEIGHT, WIDTH, 2), np.float32)


def rigid(angle, shift):
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(np.array(angle, float))[0]
    pose[:3, 3] = shift
    return pose


def slanted_plane(pose):
    """Depth and texture of the plane n X = 6 (world) with the waves painted on it."""
    x, y = grid()
    rays = np.linalg.inv(INTRINSICS) @ np.stack([x, y, np.ones_like(x)]).reshape(3, -1)
    normal = np.array([0.2, -0.1, 1.0])
    depth_m = (6 - normal @ pose[:3, 3]) / (normal @ pose[:3, :3] @ rays)
    world = pose[:3, :3] @ (rays * depth_m) + pose[:3, 3:]
    texture = waves(12 * world[0], 12 * world[1])
    shape = (HEIGHT, WIDTH)
    return depth_m.reshape(shape).astype(np.float32), texture.reshape(shape).astype(np.float32)


def test_warp_by_whole_pixels():
    image = np.random.default_rng(0).random((8, 9)).astype(np.float32)
    displacement = np.zeros((8, 9, 2), np.float32)
    displacement[...] = (2, -1)
    np.testing.assert_allclose(warp(image, displacement)[:-1, 2:], image[1:, :-2], atol=1e-6)


def test_warp_inverts_a_zoom():
    x, y = grid()
    displacement = np.dstack([0.1 * (x - 40), 0.1 * (y - 30)]).astype(np.float32)
    moved = warp(waves(x, y).astype(np.float32), displacement, iterations=6)
    expected = waves(40 + (x - 40) / 1.1, 30 + (y - 30) / 1.1)
    # Two iterations leave 0.1 ** 3 of the displacement; sampling is bilinear.
    np.testing.assert_allclose(moved[INNER], expected[INNER], atol=0.012)
    again = warp(waves(x, y).astype(np.float32), displacement)
    np.testing.assert_allclose(again[INNER], moved[INNER], atol=0.005)


def test_ends_are_the_frames():
    first, second = np.random.default_rng(0).random((2, HEIGHT, WIDTH)).astype(np.float32)

    def wild(time):
        return np.full((HEIGHT, WIDTH, 2), 7.3 * time, np.float32)

    scene = InBetween(first, second, wild, wild)
    np.testing.assert_allclose(scene.at(0.0), first, atol=1e-7)
    np.testing.assert_allclose(scene.at(1.0), second, atol=1e-7)


def test_without_motion_it_fades():
    first, second = np.random.default_rng(0).random((2, HEIGHT, WIDTH)).astype(np.float32)
    scene = InBetween(first, second, still, still)
    for time in (-0.5, 0.0, 0.25, 0.9, 1.2):
        weight = min(max(time, 0), 1)
        expected = (1 - weight) * first + weight * second
        if 0 <= time <= 1:
            np.testing.assert_allclose(scene.at(time), expected, atol=1e-6)
    assert scene.at(0.5).dtype == np.float32


def test_outside_of_the_interval_motion_goes_on():
    x, y = grid()
    first, second = (waves(x - shift, y).astype(np.float32) for shift in (0, 3))
    scene = InBetween(
        first,
        second,
        lambda time: np.dstack([np.full_like(first, 3 * time), np.zeros_like(first)]),
        lambda time: np.dstack([np.full_like(first, -3 * time), np.zeros_like(first)]),
    )
    for time in (-0.4, 0.5, 1.3):
        expected = waves(x - 3 * time, y)
        np.testing.assert_allclose(scene.at(time)[INNER], expected[INNER], atol=0.01)


def test_same_whatever_was_asked_before():
    first, second = np.random.default_rng(0).random((2, HEIGHT, WIDTH)).astype(np.float32)

    def moving(time):
        return np.full((HEIGHT, WIDTH, 2), 3 * time, np.float32)

    times = np.linspace(0, 1, 30)
    together = InBetween(first, second, moving, moving)
    for time in times:
        alone = InBetween(first, second, moving, moving).at(time)
        np.testing.assert_array_equal(together.at(time), alone)


def test_flow_follows_a_moving_texture():
    x, y = grid()
    first, second = (waves(x - 4 * t, y + 2 * t) for t in (0, 1))
    forward = flow_motion(rgb_of(first), rgb_of(second))
    np.testing.assert_allclose(forward(1.0)[INNER].mean((0, 1)), [4, -2], atol=0.1)
    np.testing.assert_allclose(forward(0.25), 0.25 * forward(1.0))
    backward = flow_motion(rgb_of(second), rgb_of(first))
    scene = InBetween(first.astype(np.float32), second.astype(np.float32), forward, backward)
    middle = waves(x - 2, y + 1)
    fading_error = abs((first + second) / 2 - middle)[INNER].mean()
    assert abs(scene.at(0.5) - middle)[INNER].mean() < 0.2 * fading_error


def test_flow_needs_some_pixels():
    tiny = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match="too small for optical flow"):
        flow_motion(tiny, tiny)


def test_pose_interpolation():
    first = rigid([0.1, 0, 0], [1, 2, 3])
    second = rigid([0.5, 0, 0], [3, 2, 1])
    np.testing.assert_allclose(interpolate_pose(first, second, 0), first, atol=1e-12)
    np.testing.assert_allclose(interpolate_pose(first, second, 1), second, atol=1e-12)
    middle = rigid([0.3, 0, 0], [2, 2, 2])
    np.testing.assert_allclose(interpolate_pose(first, second, 0.5), middle, atol=1e-12)


def test_depth_motion_of_one_point():
    # 1 m forward: a point 5 m away and 10 px off the axis moves to 10 * 5 / 4 px.
    depth_m = np.full((HEIGHT, WIDTH), 5, np.float32)
    intrinsics = np.array([[70.0, 0, 40], [0, 70, 30], [0, 0, 1]])
    motion = depth_motion(depth_m, intrinsics, np.eye(4), rigid([0, 0, 0], [0, 0, 1]))
    np.testing.assert_allclose(motion(1.0)[30, 50], [2.5, 0], atol=1e-6)
    np.testing.assert_allclose(motion(0.5)[20, 40], [0, -10 * 5 / 4.5 + 10], atol=1e-6)


def test_reprojection_is_exact_for_a_static_scene():
    first_pose = np.eye(4)
    second_pose = rigid([0.02, -0.05, 0.06], [0.3, -0.1, 0.8])
    (depth_a, a), (depth_b, b) = slanted_plane(first_pose), slanted_plane(second_pose)
    scene = InBetween(
        a,
        b,
        depth_motion(depth_a, INTRINSICS, first_pose, second_pose),
        depth_motion(depth_b, INTRINSICS, second_pose, first_pose),
    )
    for time in (-0.1, 0.3, 0.5, 0.8):
        _, expected = slanted_plane(interpolate_pose(first_pose, second_pose, time))
        # Two bilinear samplings; fading from one picture to the other is wrong by 0.11.
        np.testing.assert_allclose(scene.at(time)[INNER], expected[INNER], atol=0.02)


def test_holes_take_the_nearest_measurement():
    depth_m = np.zeros((5, 7), np.float32)
    depth_m[2, 0], depth_m[2, 6] = 3, 9
    filled = fill_depth(depth_m)
    np.testing.assert_array_equal(filled[:, :3], 3)
    np.testing.assert_array_equal(filled[:, 4:], 9)


def test_sparse_depth_is_refused():
    depth_m = np.zeros((10, 10), np.float32)
    depth_m[0] = 5
    with pytest.raises(ValueError, match=r"only 10.0% of the pixels have depth"):
        depth_motion(depth_m, INTRINSICS, np.eye(4), np.eye(4))


@pytest.mark.parametrize("by", ["flow", "depth"])
def test_real_frame_left_out(test_data_dir, by):
    """Predict a Kinect frame from its neighbours at a distance of 4 frames."""
    folder = test_data_dir / "seven_scenes"
    if not folder.is_dir():
        pytest.skip(f"{folder} not found")
    rgbs = [read_rgb(folder / f"frame-{n:06d}.color.jpg") for n in (10, 14, 18)]
    first, left_out, second = (linear_intensity(rgb, 2.2) for rgb in rgbs)
    if by == "flow":
        motions = flow_motion(rgbs[0], rgbs[2]), flow_motion(rgbs[2], rgbs[0])
    else:
        intrinsics = read_intrinsics(str(folder / "camera-intrinsics.txt"))
        poses = read_poses(folder)[[10, 18]]
        depths = [read_depth_m(folder / f"frame-{n:06d}.depth.png", 1e-3) for n in (10, 18)]
        motions = (
            depth_motion(depths[0], intrinsics, poses[0], poses[1]),
            depth_motion(depths[1], intrinsics, poses[1], poses[0]),
        )
    predicted = InBetween(first, second, *motions).at(0.5)
    error, static_error = abs(predicted - left_out).mean(), abs(first - left_out).mean()
    assert error < 0.4 * static_error

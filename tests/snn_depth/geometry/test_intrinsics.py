import numpy as np
import pytest
import torch

from snn_depth.geometry.intrinsics import (
    crop_intrinsics,
    mirror_intrinsics,
    read_intrinsics,
    scale_intrinsics,
)


@pytest.mark.parametrize("text", ["585,586,320,240", "585 586 320 240", "585, 586, 320, 240"])
def test_intrinsics_from_text(text):
    expected = [[585, 0, 320], [0, 586, 240], [0, 0, 1]]
    np.testing.assert_array_equal(read_intrinsics(text), expected)


def test_intrinsics_from_file(tmp_path):
    matrix = np.array([[585.0, 0, 320], [0, 586, 240], [0, 0, 1]])
    np.savetxt(tmp_path / "k.txt", matrix)
    np.testing.assert_array_equal(read_intrinsics(str(tmp_path / "k.txt")), matrix)
    np.savetxt(tmp_path / "bad.txt", matrix[:2])
    with pytest.raises(ValueError, match="expected 3x3"):
        read_intrinsics(str(tmp_path / "bad.txt"))


@pytest.mark.parametrize("text", ["585,320,240", "0,585,1,1", "nan,1,1,1"])
def test_bad_intrinsics(text):
    with pytest.raises(ValueError, match="fx,fy,cx,cy"):
        read_intrinsics(text)


def test_scaled_intrinsics_see_the_same_points():
    intrinsics = np.array([[700.0, 0, 610], [0, 710, 172], [0, 0, 1]])
    scaled = scale_intrinsics(intrinsics, (375, 1242), (125, 414))
    point = np.array([1.0, -0.5, 10])
    before, after = (matrix @ point / point[2] for matrix in (intrinsics, scaled))
    # Where a pixel lies in the picture, as a fraction of its extent, does not change.
    np.testing.assert_allclose((before[0] + 0.5) / 1242, (after[0] + 0.5) / 414)
    np.testing.assert_allclose((before[1] + 0.5) / 375, (after[1] + 0.5) / 125)


def test_principal_point_moves_with_the_crop():
    intrinsics = np.array([[721.5, 0, 609.6], [0, 721.5, 172.9], [0, 0, 1]])
    shifted = crop_intrinsics(intrinsics, (23, 13))
    np.testing.assert_allclose(shifted, [[721.5, 0, 596.6], [0, 721.5, 149.9], [0, 0, 1]])
    assert intrinsics[0, 2] == 609.6


@pytest.mark.parametrize("skew", [0.0, 3.0])
def test_mirrored_intrinsics_see_mirrored_points(skew):
    intrinsics = np.array([[700.0, skew, 610], [0, 710, 172], [0, 0, 1]])
    before = intrinsics @ np.array([0.1, -0.05, 1])
    after = mirror_intrinsics(intrinsics, 1242) @ np.array([-0.1, -0.05, 1])
    np.testing.assert_allclose(after, [1241 - before[0], before[1], 1], rtol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda matrix: scale_intrinsics(matrix, (375, 1242), (125, 414)),
        lambda matrix: crop_intrinsics(matrix, (23, 13)),
        lambda matrix: mirror_intrinsics(matrix, 1242),
    ],
)
def test_arrays_and_batches_of_tensors_change_alike(change):
    matrix = np.array([[721.5, 0.1, 609.6], [0, 721.5, 172.9], [0, 0, 1]])
    batch = torch.from_numpy(np.stack([matrix, 2 * matrix])).float()
    changed = change(batch)
    assert changed.dtype == torch.float32
    np.testing.assert_allclose(changed[0], change(matrix), rtol=1e-6)
    np.testing.assert_allclose(changed[1], change(2 * matrix), rtol=1e-6)
    assert torch.equal(batch[0], torch.from_numpy(matrix).float())

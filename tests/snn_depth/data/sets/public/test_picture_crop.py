import numpy as np
import pytest

from snn_depth.data.sets.public.picture_crop import (
    bottom_center_crop,
    crop_corner,
    shift_intrinsics,
)


def test_kb_crop_of_kitti():
    # 375 - 352 = 23 rows from the top; (1242 - 1216) / 2 = 13 columns from the left.
    assert crop_corner((375, 1242), (352, 1216)) == (23, 13)
    assert crop_corner((375, 1242), None) == (0, 0)


def test_crop_keeps_the_middle_of_the_bottom():
    picture = np.arange(30).reshape(5, 6)
    np.testing.assert_array_equal(bottom_center_crop(picture, (2, 3)), [[19, 20, 21], [25, 26, 27]])
    assert bottom_center_crop(picture, None).shape == (5, 6)
    assert bottom_center_crop(np.zeros((5, 6, 3)), (5, 2)).shape == (5, 2, 3)


def test_principal_point_moves_with_the_crop():
    intrinsics = np.array([[721.5, 0, 609.6], [0, 721.5, 172.9], [0, 0, 1]])
    shifted = shift_intrinsics(intrinsics, (23, 13))
    np.testing.assert_allclose(shifted, [[721.5, 0, 596.6], [0, 721.5, 149.9], [0, 0, 1]])
    assert intrinsics[0, 2] == 609.6


def test_crop_larger_than_the_picture():
    with pytest.raises(ValueError, match="crop is 352x1216, larger than the pictures of 370x1200"):
        bottom_center_crop(np.zeros((370, 1200)), (352, 1216))

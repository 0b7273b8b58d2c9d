import numpy as np
import pytest

from snn_depth.data.simulation.picture_crop import bottom_center_crop, crop_corner


def test_kb_crop_of_kitti():
    # 375 - 352 = 23 rows from the top; (1242 - 1216) / 2 = 13 columns from the left.
    assert crop_corner((375, 1242), (352, 1216)) == (23, 13)
    assert crop_corner((375, 1242), None) == (0, 0)


def test_crop_keeps_the_middle_of_the_bottom():
    picture = np.arange(30).reshape(5, 6)
    np.testing.assert_array_equal(bottom_center_crop(picture, (2, 3)), [[19, 20, 21], [25, 26, 27]])
    assert bottom_center_crop(picture, None).shape == (5, 6)
    assert bottom_center_crop(np.zeros((5, 6, 3)), (5, 2)).shape == (5, 2, 3)


def test_crop_larger_than_the_picture():
    with pytest.raises(ValueError, match="crop is 352x1216, larger than the pictures of 370x1200"):
        bottom_center_crop(np.zeros((370, 1200)), (352, 1216))

import numpy as np
import pytest

from snn_depth.data.sets.public.projection_file import read_projection


def test_left_part_of_the_named_matrix(tmp_path):
    file = tmp_path / "calib.txt"
    file.write_text("calib_time: 09-Jan-2012 13:57:47\nP_rect_02: 1 2 3 4 5 6 7 8 9 10 11 12\n")
    np.testing.assert_array_equal(
        read_projection(file, "P_rect_02"), [[1, 2, 3], [5, 6, 7], [9, 10, 11]]
    )


@pytest.mark.parametrize("text", ["", "P_rect_02: 1 2 3\n", "P_rect_03: 1 2 3 4 5 6 7 8 9 1 1 1\n"])
def test_without_the_matrix(tmp_path, text):
    (tmp_path / "calib.txt").write_text(text)
    with pytest.raises(ValueError, match=r"calib\.txt has no line 'P_rect_02"):
        read_projection(tmp_path / "calib.txt", "P_rect_02")

import pytest

from snn_depth.geometry.resampling import centred_crop


@pytest.mark.parametrize(
    ("old", "new", "rows", "columns"),
    [
        ((250, 400), (64, 128), slice(25, 225), slice(0, 400)),
        ((250, 400), (125, 100), slice(0, 250), slice(100, 300)),
        ((250, 400), (250, 400), slice(0, 250), slice(0, 400)),
        ((3, 7), (1, 1), slice(0, 3), slice(2, 5)),
    ],
)
def test_crop_is_the_largest_in_the_middle(old, new, rows: slice, columns: slice) -> None:
    assert centred_crop(old, new) == (rows, columns)

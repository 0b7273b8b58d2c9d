import pytest

from snn_depth.command.picture_size import parse_size


def test_rows_come_first() -> None:
    assert parse_size("250x400") == (250, 400)


@pytest.mark.parametrize("text", ["", "250", "0x4", "4x-4", "4 x 4", "4x4x4", "250X400"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"crop must be HEIGHTxWIDTH .*not '{text}'"):
        parse_size(text, "crop")

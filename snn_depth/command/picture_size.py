"""The size of pictures as an option of a command."""

import re


def parse_size(text: str, option: str = "size") -> tuple[int, int]:
    """Rows and columns from HEIGHTxWIDTH, such as 250x400; `option` is its name, for the message.

    Raises:
        ValueError: For anything else.
    """
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise ValueError(f"{option} must be HEIGHTxWIDTH such as 250x400, not {text!r}")
    return int(match[1]), int(match[2])

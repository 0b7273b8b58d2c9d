from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from snn_depth.command.parser import call_command, command_parser


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What is before the sensor.

    Attributes:
        focal_length_px: Length in pixels.
        flip_rows: Upside down.
    """

    focal_length_px: float | None = None
    flip_rows: bool = True


def program(
    source: Path,
    others: Sequence[Path],
    *,
    target: Path,
    crop: Literal["none", "garg"] = "none",
    lens: Lens = Lens(),
    extra: Sequence[Path] = (),
    levels: Sequence[Literal["low", "high"]] = ("low",),
) -> dict[str, object]:
    """Do something.

    In more words.

    Args:
        source: Where from.
        others: And from where else.
        target: Where to; 10 % of it.
        crop: Which part.
        lens: What is before the sensor.
        extra: More of it.
        levels: How high.
    """
    return locals()


def call(*words):
    return call_command(program, list(words))


def test_values_reach_the_function_with_their_types():
    words = "a.h5 b.h5 c.h5 --target out --no-flip-rows --focal-length-px 3 --extra x y".split()
    assert call(*words) == {
        "source": Path("a.h5"),
        "others": [Path("b.h5"), Path("c.h5")],
        "target": Path("out"),
        "crop": "none",
        "lens": Lens(focal_length_px=3.0, flip_rows=False),
        "extra": [Path("x"), Path("y")],
        "levels": ["low"],
    }


def test_underscores_are_dashes():
    assert call("a", "b", "--target", "c_d", "--focal_length_px=4")["lens"].focal_length_px == 4.0
    assert call("a", "b_c", "--target", "c_d")["target"] == Path("c_d")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("a b", "required: target"),
        ("a --target c", "required: others"),
        ("a b --target c --crop eigen", "crop.*'none', 'garg'"),
        ("a b --target c --focal-length-px far", "far"),
        ("a b --target c --levels low deep", "levels.*deep"),
        ("a b --target c --flip", "--flip"),  # no abbreviations
        ("a b --target c --unknown 3", "--unknown"),
    ],
)
def test_errors_are_one_line_and_point_to_help(words, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*python -m {__name__} --help") as caught:
        call(*words.split())
    assert len(" ".join(str(caught.value).split())) < 200


def test_help_is_the_docstring():
    text = command_parser(program).format_help()
    assert f"usage: python -m {__name__}" in text
    assert "Do something.\n\nIn more words." in text
    assert "Length in pixels." in text
    assert "Where to; 10 % of it." in text
    assert "(default: True)" in text
    assert "--lens" not in text
    assert "None" not in text

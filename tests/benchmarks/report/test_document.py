import pytest

from benchmarks.report.document import Picture, Section, Text
from benchmarks.report.markdown import as_markdown
from benchmarks.report.numbers import interval, millions, percent, short
from benchmarks.report.page import as_html
from hardware.energy.uncertainty import Interval
from snn_depth.command.table import Table

SECTIONS = [
    Section(
        "first",
        "First",
        [Text("so it is"), Text("mind < this", "note"), Text("therefore", "verdict")],
        {},
    ),
    Section(
        "second",
        "Second",
        [
            Table("sizes", ["a|b", "c"], [["1", "<2>"]], "as counted"),
            Picture("plot", "<svg><text>x</text></svg>", "a curve"),
        ],
        {},
    ),
]


def test_markdown_has_every_block() -> None:
    assert as_markdown("Title", SECTIONS) == (
        "# Title\n\n## First\n\nso it is\n\n*mind < this*\n\n> **therefore**\n\n## Second\n\n"
        "**sizes**\n\n| a\\|b | c |\n|---|---|\n| 1 | <2> |\n\n*as counted*\n\n"
        "![a curve](plot.svg)\n\n*a curve*\n"
    )


def test_page_is_self_contained_and_escaped() -> None:
    page = as_html("Title", SECTIONS)
    assert "<title>Title</title>" in page
    assert '<p class="note">mind &lt; this</p>' in page
    assert '<p class="verdict">therefore</p>' in page
    assert "<td>&lt;2&gt;</td>" in page and '<td class="number">1</td>' in page
    assert "<svg><text>x</text></svg><figcaption>a curve</figcaption>" in page
    assert '<a href="#s2">Second</a>' in page
    assert "http" not in page.replace("http-equiv", "")  # nothing is loaded from anywhere
    assert "src=" not in page and "<script" not in page


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1234.5, "1,234"),
        (12.345, "12.3"),
        (0.012345, "0.0123"),
        (-0.5, "-0.500"),
        (float("nan"), "nan"),
        (999.96, "1,000"),
    ],
)
def test_significant_digits(number: float, text: str) -> None:
    assert short(number) == text


def test_other_forms_of_numbers() -> None:
    assert (millions(49_246_886), millions(0)) == ("49.2 M", "0")
    assert interval(Interval(0.123, 4.5)) == "0.12 to 4.5"
    assert percent(0.1234) == "12.3 %"

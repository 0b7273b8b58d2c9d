import pytest
from rich.console import Console

from snn_depth.command.table import Column, Table, number_columns

SIZES = Table(
    "sizes",
    ["layer", Column("shape", "left"), *number_columns("rate\nfloat")],
    [["a|b", "2x2", "1"], ["<c>", "16x3", "none"]],
    "as counted",
)


def printed(table: Table, width: int = 80, *, narrow: bool = False) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table.to_rich(narrow=narrow))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_numeric_columns_are_those_of_numbers_only() -> None:
    rows = [["stem", "1 to 2", "", "-"], ["2x2", "+3 %", "-1.5 M", "none"]]
    table = Table("t", ["a", "b", "c", "d"], rows)
    assert table.alignments == ["left", "right", "right", "left"]
    assert Table("t", ["a", "b"], []).alignments == ["left", "left"]


def test_a_column_may_say_where_it_goes() -> None:
    assert SIZES.alignments == ["left", "left", "right"]
    assert SIZES.headings == ["layer", "shape", "rate\nfloat"]


def test_rows_have_a_cell_per_heading() -> None:
    with pytest.raises(ValueError, match="table 'sizes': a row has 1 cells; accepted: 2"):
        Table("sizes", ["a", "b"], [["1"]])


def test_terminal_by_hand() -> None:
    assert printed(SIZES) == [
        "sizes",
        "",
        "                rate",
        " layer  shape  float",
        " ───────────────────",
        " a|b    2x2        1",
        " <c>    16x3    none",
        "",
        "as counted",
    ]
    assert printed(SIZES, narrow=True)[5] == " a|b   2x2       1"


def test_terminal_without_title_and_headings() -> None:
    assert printed(Table("", ["", ""], [["a", "b"], ["c", "d"]])) == ["", " a  b", " c  d", ""]


def test_narrow_table_folds_text_and_breaks_no_number() -> None:
    rows = [["a_long_name_of_a_method", "0.123 ± 0.004"]]
    lines = printed(Table("", ["method", "error"], rows), 26, narrow=True)
    assert any(line.endswith("0.123 ± 0.004") for line in lines)
    text = "".join(line[:12].strip() for line in lines)
    assert "a_long_name_of_a_method" in text


def test_markdown_by_hand() -> None:
    assert SIZES.to_markdown() == (
        "**sizes**\n\n| layer | shape | rate float |\n|---|---|---|\n| a\\|b | 2x2 | 1 |\n"
        "| <c> | 16x3 | none |\n\n*as counted*"
    )
    assert Table("", ["a"], [["b"]]).to_markdown() == "| a |\n|---|\n| b |"


def test_html_by_hand() -> None:
    table = Table("a & b", ["what", "how many"], [["<c>", "1"], ["x" * 29, "2"]], "< note")
    assert table.to_html() == (
        '<div class="scroll"><table>\n<caption>a &amp; b</caption>\n<thead><tr>\n'
        '<th>what</th>\n<th class="number">how many</th>\n</tr></thead>\n<tbody>\n'
        '<tr>\n<td>&lt;c&gt;</td>\n<td class="number">1</td>\n</tr>\n'
        f'<tr>\n<td class="long">{"x" * 29}</td>\n<td class="number">2</td>\n</tr>\n'
        '</tbody></table></div>\n<p class="note">&lt; note</p>'
    )
    assert "note" not in Table("t", ["a"], [["b"]]).to_html()

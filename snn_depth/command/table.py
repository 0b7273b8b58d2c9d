"""One table for the terminal, for Markdown and for HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import rich.box
import rich.table

Alignment = Literal["left", "right"]
_STARTS_OF_NUMBERS = "0123456789+-"
_LONG_CELL = 28  # characters; such cells are kept wide in HTML


@dataclass(frozen=True)
class Column:
    """Heading, with its unit; without an alignment, columns of numbers only go to the right."""

    heading: str
    alignment: Alignment | None = None


def number_columns(*headings: str) -> list[Column]:
    """Columns that go to the right whatever is in them."""
    return [Column(heading, "right") for heading in headings]


@dataclass(frozen=True)
class Table:
    """A table whose cells are finished text.

    Attributes:
        title: What it shows, with the units that its headings do not give.
        columns: Headings; where all are empty, the terminal shows none.
        rows: As many cells as columns each.
        note: What a reader must know to read it right.

    Raises:
        ValueError: For a row of another length.
    """

    title: str
    columns: Sequence[Column | str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.title!r}: a row has {len(row)} cells; "
                    f"accepted: {len(self.columns)}"
                )

    @property
    def headings(self) -> list[str]:
        """Of the columns."""
        return [c if isinstance(c, str) else c.heading for c in self.columns]

    @property
    def alignments(self) -> list[Alignment]:
        """Of the columns, by their cells where a column does not say."""
        found: list[Alignment] = []
        for i, column in enumerate(self.columns):
            alignment = None if isinstance(column, str) else column.alignment
            numeric = all(not row[i] or row[i][0] in _STARTS_OF_NUMBERS for row in self.rows)
            found.append(alignment or ("right" if self.rows and numeric else "left"))
        return found

    def to_rich(self, *, narrow: bool = False) -> rich.table.Table:
        """For the terminal.

        Args:
            narrow: Whether columns stand as close as can be, and numbers are never broken.
        """
        table = rich.table.Table(
            title=self.title or None,
            title_justify="left",
            caption=self.note or None,
            caption_justify="left",
            box=rich.box.SIMPLE,
            padding=(0, 0 if narrow else 1, 0, 0),
            pad_edge=False,
            show_header=any(self.headings),
        )
        for heading, alignment in zip(self.headings, self.alignments, strict=True):
            table.add_column(
                heading,
                justify=alignment,
                overflow="fold" if alignment == "left" else "ellipsis",
                no_wrap=narrow and alignment == "right",
            )
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """Title and note stand above and below it."""
        lines = [f"**{self.title}**", ""] if self.title else []
        lines += [_markdown_row(self.headings), "|" + "---|" * len(self.columns)]
        lines += [_markdown_row(row) for row in self.rows]
        if self.note:
            lines += ["", f"*{self.note}*"]
        return "\n".join(lines)

    def to_html(self) -> str:
        """A table with its title as caption, numbers of class "number", and its note below."""
        classes = [' class="number"' if a == "right" else "" for a in self.alignments]
        lines = ['<div class="scroll"><table>', f"<caption>{escape(self.title)}</caption>"]
        lines.append("<thead><tr>")
        lines += [f"<th{c}>{escape(h)}</th>" for h, c in zip(self.headings, classes, strict=True)]
        lines += ["</tr></thead>", "<tbody>"]
        for row in self.rows:
            lines.append("<tr>")
            for cell, number in zip(row, classes, strict=True):
                long = ' class="long"' if len(cell) > _LONG_CELL else ""
                lines.append(f"<td{number or long}>{escape(cell)}</td>")
            lines.append("</tr>")
        lines.append("</tbody></table></div>")
        if self.note:
            lines.append(f'<p class="note">{escape(self.note)}</p>')
        return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

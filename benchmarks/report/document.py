"""A report as plain data: sections of text, tables and pictures, which any format can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_STARTS_OF_NUMBERS = "0123456789+-"


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: Plain text.
        kind: "note" for what qualifies the figures beside it, "verdict" for the answer itself.
    """

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """A table whose cells are finished text.

    Attributes:
        title: What it shows, with the units that its headings do not give.
        headings: Of the columns.
        rows: As many cells as headings each.
        note: What a reader must know to read it right.

    Raises:
        ValueError: For a row of another length.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    @property
    def is_numeric(self) -> list[bool]:
        """By column, whether all its cells are numbers (or intervals, or empty)."""
        return [
            all(not cell or cell[0] in _STARTS_OF_NUMBERS for cell in column)
            for column in zip(*self.rows, strict=True)
        ] or [False] * len(self.headings)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(
                    f"table {self.title!r}: a row has {len(row)} cells; "
                    f"accepted: {len(self.headings)}"
                )


@dataclass(frozen=True)
class Picture:
    """A plot.

    Attributes:
        name: File name without suffix, unique in the report.
        svg: The drawing.
        caption: What it shows.
    """

    name: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: Heading.
        blocks: What stands in it, in order.
    """

    title: str
    blocks: Sequence[Text | Table | Picture] = field(default_factory=tuple)

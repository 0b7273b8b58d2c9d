"""A report as plain data: sections of text, tables and pictures, which any format can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from snn_depth.command.table import Table


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

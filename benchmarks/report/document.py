"""A report as plain data: sections of text, tables and pictures, which any format can show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """

    name: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One topic of a report: for people, and the same for programs.

    Attributes:
        key: Of its data in `report.json`.
        data: Anything that JSON can hold.
    """

    key: str
    title: str
    blocks: Sequence[Text | Table | Picture]
    data: Mapping[str, Any]

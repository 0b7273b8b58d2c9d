"""A part of a report: what people read, and the same for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.report.document import Section


@dataclass(frozen=True)
class Part:
    """One topic.

    Attributes:
        key: Of its data in `report.json`.
        section: For people.
        data: For programs; anything that JSON can hold.
    """

    key: str
    section: Section
    data: Mapping[str, Any]

"""A report as one HTML page that needs nothing else: styles and drawings are in it."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from benchmarks.report.document import Section

TEMPLATE = Path(__file__).with_name("page.html.jinja")


def as_html(title: str, sections: Sequence[Section]) -> str:
    """The whole report."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests["of"] = lambda block, kind: type(block).__name__ == kind
    return environment.from_string(TEMPLATE.read_text()).render(title=title, sections=sections)

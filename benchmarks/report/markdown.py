"""A report as Markdown, its pictures as files beside it."""

from collections.abc import Sequence

from benchmarks.report.document import Picture, Section, Text
from snn_depth.command.table import Table


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The whole report; a picture is the file `<name>.svg` beside it."""
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += (_block(block) for block in section.blocks)
    return "\n\n".join(parts) + "\n"


def _block(block: Text | Table | Picture) -> str:
    if isinstance(block, Text):
        return {"note": f"*{block.text}*", "verdict": f"> **{block.text}**"}.get(
            block.kind, block.text
        )
    if isinstance(block, Picture):
        return f"![{block.caption}]({block.name}.svg)\n\n*{block.caption}*"
    return block.to_markdown()

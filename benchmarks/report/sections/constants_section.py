"""Every constant that a figure of the report rests on: range, source and evidence."""

from benchmarks.report.document import Section, Text
from benchmarks.study.comparison import Comparison
from hardware.energy.constant import ConstantSet, load_constants
from snn_depth.command.table import Table


def constants_section(comparison: Comparison) -> Section:
    """A table per set."""
    chip = comparison.chip
    names = [
        comparison.arithmetic.name,
        *chip.energy_sets,
        chip.latency_low_set,
        chip.latency_high_set,
        "input_output",
    ]
    sets = [load_constants(name) for name in dict.fromkeys(names)]
    blocks: list[Text | Table] = [
        Text(
            "Evidence of the nominal value: measured on silicon; fitted, so that a model agrees "
            "with measurements; simulated before there was silicon; derived from other figures; "
            "uncited, recalled or quoted without evidence that could be looked at.",
            "note",
        ),
        *(_table(constants) for constants in sets),
        _limits(comparison),
    ]
    data = {
        constants.name: {key: vars(value) for key, value in constants.constants.items()}
        for constants in sets
    }
    return Section("constants", "Constants", blocks, data)


def _table(constants: ConstantSet) -> Table:
    rows = [
        [
            name,
            f"{c.low:g}",
            f"{c.value:g}",
            f"{c.high:g}",
            c.unit,
            c.grade,
            f"{c.source}; {c.note}" if c.note else c.source,
        ]
        for name, c in constants.constants.items()
    ]
    headings = ["constant", "low", "nominal", "high", "unit", "evidence", "source"]
    return Table(constants.title, headings, rows, constants.caveat)


def _limits(comparison: Comparison) -> Table:
    chip = comparison.chip
    rows = [[name, f"{getattr(chip, name):,}", source] for name, source in chip.sources.items()]
    return Table(f"Limits of {chip.title}", ["limit", "value", "source"], rows)

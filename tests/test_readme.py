"""Every command in the README and the docs is understood by the program that it calls."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bit_widths, lava, neurobench_check, pareto, pilotnet, self_correction, tables
from benchmarks.accuracy import __main__ as accuracy
from benchmarks.report.__main__ import report
from benchmarks.tables import methods_by_scenario
from conversion.export import export
from conversion.to_lava import to_lava
from snn_depth.command.parser import command_parser
from snn_depth.data.check import check
from snn_depth.evaluate import evaluate
from snn_depth.predict import predict
from snn_depth.simulate import simulate
from snn_depth.train import parse_recipe

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS: dict[str, Callable[..., Any]] = {
    "benchmarks.accuracy": accuracy.accuracy,
    "benchmarks.bit_widths": bit_widths.bit_widths,
    "benchmarks.lava": lava.benchmark,
    "benchmarks.neurobench_check": neurobench_check.check,
    "benchmarks.pareto": pareto.pareto,
    "benchmarks.pilotnet": pilotnet.pilotnet,
    "benchmarks.report": report,
    "benchmarks.self_correction": self_correction.self_correction,
    "benchmarks.tables": tables.print_table,
    "conversion.export": export,
    "conversion.to_lava": to_lava,
    "snn_depth.data.check": check,
    "snn_depth.evaluate": evaluate,
    "snn_depth.predict": predict,
    "snn_depth.simulate": simulate,
}


def commands() -> list[list[str]]:
    """Words after `uv run` of every command, in code blocks and in running text."""
    text = "\n".join(page.read_text() for page in PAGES)
    blocks = re.findall(r"^ {4}(.*uv run .*)$", text, re.MULTILINE)
    inline = re.findall(r"`([^`\n]*uv run [^`\n]*)`", text)
    return [shlex.split(line.partition("uv run ")[2]) for line in blocks + inline]


def test_every_program_has_a_command() -> None:
    modules = {words[words.index("-m") + 1] for words in commands()}
    assert modules == {"snn_depth.train", "pytest", *PROGRAMS}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_is_understood(words: list[str]) -> None:
    launcher, *rest = words
    assert launcher in {"python", "torchrun"}
    module, *arguments = rest[rest.index("-m") + 1 :]
    if module == "pytest":
        return
    if module == "snn_depth.train":
        # The configuration is what the command line names, else the default.
        named = "--config" in arguments
        config = [*([] if named else ["--config", "configs/default.yaml"]), *arguments]
        parse_recipe([a.replace("configs/", f"{ROOT}/configs/") for a in config])
        return
    parser = command_parser(PROGRAMS[module])
    assert parser.prog == f"python -m {module}"
    parser.parse_args(arguments)


def test_files_that_the_readme_points_to_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).is_file(), target
    for target in re.findall(r"`((?:docs|configs)/[\w./]+)`", text):
        assert (ROOT / target).exists(), target


def test_a_change_touches_few_files_and_they_exist() -> None:
    """The table of CONTRIBUTING: at most four files outside of tests for each change."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("| change | files |")[2]
    rows = [line.split("|") for line in text.split("\n\n")[0].splitlines()[2:]]
    assert len(rows) >= 12
    for _, change, files, _ in rows:
        named = re.findall(
            r"`((?:snn_depth|conversion|hardware|benchmarks|configs|docs)/[^`]*)`", files
        )
        assert len(named) <= 4, change
        for name in named:
            path = ROOT / name
            assert (path.parent if "<" in name else path).exists(), name


def test_results_table_is_what_the_file_says() -> None:
    text = (ROOT / "README.md").read_text()
    file = ROOT / "benchmarks" / "results" / "compare_distillation.json"
    summary = json.loads(file.read_text())["summary"]
    assert methods_by_scenario(summary, "abs_rel") in text


def test_bits_table_is_what_the_file_says() -> None:
    file = ROOT / "benchmarks" / "results" / "bit_widths.json"
    summary = json.loads(file.read_text())["summary"]
    assert bit_widths.markdown(summary) in (ROOT / "README.md").read_text()

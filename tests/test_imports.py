"""The import arrow: conversion -> snn_depth, hardware -> a converted network, benchmarks -> all."""

import ast
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def imported_names(path: Path, root: Path = ROOT) -> set[str]:
    """Full dotted names that a file imports anywhere, inside functions too."""
    package = path.relative_to(root).parent.parts
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            base = [*parents, *([node.module] if node.module else [])]
            names |= {".".join([*base, alias.name]) for alias in node.names}
    return names


def offenders(files: Iterable[Path], *forbidden: str) -> dict[str, list[str]]:
    """Files that import a forbidden package or a part of it."""
    found = {}
    for path in files:
        names = sorted(
            name
            for name in imported_names(path)
            if any(name == package or name.startswith(f"{package}.") for package in forbidden)
        )
        if names:
            found[str(path.relative_to(ROOT))] = names
    return found


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_snn_depth_stands_alone() -> None:
    files = sources("snn_depth")
    assert len(files) > 20
    assert not offenders(files, "conversion", "hardware", "benchmarks")


def test_only_the_training_rim_knows_lightning() -> None:
    rim = [ROOT / "snn_depth" / "train.py", *sources("snn_depth/training")]
    others = [path for path in sources("snn_depth") if path not in rim]
    assert not offenders(others, "lightning", "pytorch_lightning")


def test_conversion_knows_neither_hardware_nor_benchmarks() -> None:
    assert not offenders(sources("conversion"), "hardware", "benchmarks")


def test_artifact_and_hardware_run_without_torch() -> None:
    """They also run in environments that have numpy and h5py only."""
    files = [*sources("hardware"), *sources("conversion/graph"), *sources("conversion/simulate")]
    assert not offenders(files, "torch", "lightning", "benchmarks")
    # The one module of snn_depth that needs nothing but Python.
    names = set().union(*offenders(files, "snn_depth").values())
    assert names <= {"snn_depth.files.atomic.atomic_path"}


def test_hardware_reads_only_the_converted_network() -> None:
    """The graph that an artifact holds, and the artifact."""
    known = ("conversion.graph.",)
    for path in sources("hardware"):
        names = {name for name in imported_names(path) if name.split(".")[0] == "conversion"}
        assert all(name.startswith(known) for name in names), (path, names)


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    source = tmp_path / "package" / "inner" / "module.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        "import torch.nn as nn\n"
        "from ..other import thing\n"
        "from . import sibling\n"
        "def f():\n"
        "    from conversion.graph import artifact\n"
    )
    assert imported_names(source, tmp_path) == {
        "torch.nn",
        "package.other.thing",
        "package.inner.sibling",
        "conversion.graph.artifact",
    }

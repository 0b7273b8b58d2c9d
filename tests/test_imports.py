"""The import arrows and the sizes that the folders promise, held from the folders alone."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("snn_depth", "conversion", "hardware", "benchmarks")
# A folder of snn_depth imports from those below it and from itself; entry modules and the
# package's interface (`snn_depth/__init__.py`) import from all.
TIERS = (
    {"training"},
    {"objectives", "evaluation"},
    {"teachers"},
    {"models"},
    {"losses", "neurons"},
    {"data"},
    {"geometry"},
    {"files", "command"},
)
RANKS = {folder: rank for rank, folders in enumerate(reversed(TIERS)) for folder in folders}
MAX_LINES = 400
MAX_FILES = 22

# What remains to be cleared; these lists only shrink.
NAMES_TWICE = {"base.py", "connections.py", "uncertainty.py"}
IMPORTED_ENTRY_MODULES = {
    "benchmarks.bit_widths",
    "benchmarks.pareto",
    "benchmarks.tables",
    "snn_depth.train",
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


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


def is_part_of(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def offenders(files: Iterable[Path], *forbidden: str) -> dict[str, list[str]]:
    """Files that import a forbidden package or a part of it."""
    found = {}
    for path in files:
        names = sorted(
            name
            for name in imported_names(path)
            if any(is_part_of(name, package) for package in forbidden)
        )
        if names:
            found[str(path.relative_to(ROOT))] = names
    return found


def is_entry_module(path: Path) -> bool:
    """Whether a user runs it with `python -m`."""
    if path.name == "__main__.py":
        return True
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
        for node in ast.parse(path.read_text()).body
    )


def upward_imports(root: Path) -> set[tuple[str, str]]:
    """Files of snn_depth with the folder that they import from and should not."""
    package, found = root / "snn_depth", set()
    for path in package.rglob("*.py"):
        own, *rest = path.relative_to(package).parts
        if is_entry_module(path) or own == "__init__.py":
            continue
        assert rest, f"{path} is no command; only commands lie in snn_depth itself"
        for name in imported_names(path, root):
            top, *parts = name.split(".")
            if top == "snn_depth" and parts[0] != own and RANKS[parts[0]] >= RANKS[own]:
                found.add((str(path.relative_to(package)), parts[0]))
    return found


def test_every_folder_of_snn_depth_has_its_place() -> None:
    folders = {path.parent.name for path in (ROOT / "snn_depth").glob("*/__init__.py")}
    assert folders == set(RANKS)


def test_imports_inside_snn_depth_point_down() -> None:
    assert not upward_imports(ROOT)


def test_an_import_that_points_up_is_found(tmp_path: Path) -> None:
    sources = {
        "geometry/poses.py": "from snn_depth.files.listing import a\nimport snn_depth.geometry.b\n",
        "geometry/warp.py": "def f():\n    from snn_depth.data import sample\n",
        "losses/silog.py": "from ..neurons.lif import LIF\n",
        "models/graph.py": "import snn_depth.training.store\n",
        "data/check.py": "import snn_depth.training\nif __name__ == '__main__':\n    pass\n",
        "train.py": "import snn_depth.training\nif __name__ == '__main__':\n    pass\n",
        "__init__.py": "from snn_depth.evaluation import predict\n",
    }
    for name, text in sources.items():
        (tmp_path / "snn_depth" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "snn_depth" / name).write_text(text)
    assert upward_imports(tmp_path) == {
        ("geometry/warp.py", "data"),
        ("losses/silog.py", "neurons"),
        ("models/graph.py", "training"),
    }
    (tmp_path / "snn_depth/helpers.py").write_text("")
    with pytest.raises(AssertionError, match=r"helpers\.py is no command"):
        upward_imports(tmp_path)


def test_entry_modules_are_run_not_imported() -> None:
    files = sources(*PACKAGES)
    entries = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    entries = {name: path for name, path in entries.items() if is_entry_module(path)}
    assert {"snn_depth.train", "snn_depth.data.check", "conversion.to_lava"} <= set(entries)
    imported = {
        entry
        for path in files
        for name in imported_names(path)
        for entry in entries
        # The entry module of a folder starts the folder's own command.
        if is_part_of(name, entry) and path.name != "__main__.py"
    }
    assert imported <= IMPORTED_ENTRY_MODULES


def test_snn_depth_stands_alone() -> None:
    files = sources("snn_depth")
    assert len(files) > 20
    assert not offenders(files, "conversion", "hardware", "benchmarks")


def test_only_training_and_its_command_know_lightning() -> None:
    rim = [ROOT / "snn_depth" / "train.py", *sources("snn_depth/training")]
    others = [path for path in sources("snn_depth") if path not in rim]
    assert not offenders(others, "lightning", "pytorch_lightning")


def test_conversion_knows_neither_hardware_nor_benchmarks() -> None:
    assert not offenders(sources("conversion"), "hardware", "benchmarks")


def test_artifact_and_hardware_run_without_torch() -> None:
    """They also run in environments that have numpy and h5py only."""
    files = sources("hardware", "conversion/graph", "conversion/simulate")
    assert not offenders(files, "torch", "lightning", "benchmarks")
    names = set().union(*offenders(files, "snn_depth").values())
    assert all(is_part_of(name, "snn_depth.files") for name in names), names
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    blocked = ("torch", "lightning", "cv2", "PIL", "rich")
    program = (
        f"import importlib, sys\nsys.modules.update(dict.fromkeys({blocked}))\n"
        f"for name in {modules}: importlib.import_module(name)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_hardware_reads_only_the_converted_network() -> None:
    """The graph that an artifact holds, and the artifact."""
    for path in sources("hardware"):
        names = {name for name in imported_names(path) if is_part_of(name, "conversion")}
        assert all(is_part_of(name, "conversion.graph") for name in names), (path, names)


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


def test_files_and_folders_stay_small() -> None:
    files = sources(*PACKAGES)
    lines = {path: len(path.read_text().splitlines()) for path in [*files, *sources("tests")]}
    assert not {path: count for path, count in lines.items() if count > MAX_LINES}
    folders: defaultdict[Path, int] = defaultdict(int)
    for path in files:
        folders[path.parent] += 1
    assert not {folder: count for folder, count in folders.items() if count > MAX_FILES}


def test_no_two_files_have_one_name() -> None:
    paths: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sources(*PACKAGES):
        if not path.stem.startswith("__"):
            paths[path.name].append(path)
    assert {name for name, found in paths.items() if len(found) > 1} <= NAMES_TWICE

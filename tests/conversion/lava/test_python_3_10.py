import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conversion.lava.python_3_10 import environment_makers

MakeProgram = Callable[[Path, str], str]


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on the PATH but what the test puts into `tmp_path / "bin"`; no pyenv."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("UV", raising=False)


def make_program(path: Path, body: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def found() -> tuple[list[str], list[str]]:
    refused: list[str] = []
    return [maker.name for maker in environment_makers(refused)], refused


def test_nothing_at_hand() -> None:
    assert found() == ([], ["no python3.10 on the PATH or in pyenv", "no uv"])


def test_only_interpreters_that_start_are_taken(tmp_path: Path) -> None:
    """pyenv's shim, interpreters of two versions, one of them broken."""
    shim = make_program(tmp_path / "bin" / "python3.10", "echo pyenv: command not found; exit 127")
    versions = tmp_path / "pyenv" / "versions"
    whole = make_program(versions / "3.10.13" / "bin" / "python3.10", "exit 0")
    broken = make_program(versions / "3.10.2" / "bin" / "python3.10", "exit 1")
    make_program(versions / "3.11.7" / "bin" / "python3.11", "exit 0")
    assert found() == (
        [whole],
        [
            f"{shim} does not run, or lacks venv",
            f"{broken} does not run, or lacks venv",
            "no uv",
        ],
    )


def test_the_path_comes_before_pyenv_and_uv_comes_last(tmp_path: Path) -> None:
    first = make_program(tmp_path / "bin" / "python3.10", "exit 0")
    pyenv = tmp_path / "pyenv" / "versions" / "3.10.13" / "bin" / "python3.10"
    second = make_program(pyenv, "exit 0")
    make_program(tmp_path / "bin" / "uv", "exit 0")
    assert found() == ([first, second, "uv"], [])


def test_uv_run_says_where_uv_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/opt/uv")
    *_, maker = environment_makers([])
    assert maker.command == ("/opt/uv", "venv", "--quiet", "--seed", "--python", "3.10")


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bin" / "python3.10"
    path.write_bytes(b"\x7fELF no")
    path.chmod(0o755)
    assert found()[1][0] == f"{path} does not run, or lacks venv"


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="needs another Python than 3.10")
def test_another_version_under_the_name_is_refused(tmp_path: Path) -> None:
    path = make_program(tmp_path / "bin" / "python3.10", f'exec {sys.executable} "$@"')
    assert found()[1][0] == f"{path} does not run, or lacks venv"

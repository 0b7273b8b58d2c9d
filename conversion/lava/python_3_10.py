"""Find what can make a virtual environment of Python 3.10, the newest that Lava supports."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MAKES_ENVIRONMENTS = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))"


class EnvironmentMaker(NamedTuple):
    """A command that makes a virtual environment with pip in the folder that is appended to it."""

    name: str
    command: tuple[str, ...]


def environment_makers(refused: list[str]) -> Iterator[EnvironmentMaker]:
    """All that this machine has: an interpreter on the PATH, pyenv's interpreters, then uv.

    What cannot be used is appended to `refused`, with the reason. Only interpreters that really
    start are taken: pyenv puts a ``python3.10`` on the PATH that refuses to run where another
    version is chosen.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(map(str, pyenv.glob("versions/3.10.*/bin/python3.10")), reverse=True)
    if on_path := shutil.which("python3.10"):
        found.insert(0, on_path)
    if not found:
        refused.append("no python3.10 on the PATH or in pyenv")
    for interpreter in found:
        if _makes_environments(interpreter):
            yield EnvironmentMaker(interpreter, (interpreter, "-I", "-m", "venv"))
        else:
            refused.append(f"{interpreter} does not run, or lacks venv")
    uv = os.environ.get("UV") or shutil.which("uv")  # `uv run` sets the variable
    if uv:
        # Downloads Python where it is missing.
        yield EnvironmentMaker("uv", (uv, "venv", "--quiet", "--seed", "--python", "3.10"))
    else:
        refused.append("no uv")


def _makes_environments(interpreter: str) -> bool:
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", _MAKES_ENVIRONMENTS], capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

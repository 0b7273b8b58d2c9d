"""Find what can make a virtual environment of Python 3.10, the newest that Lava supports."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAKES_ENVIRONMENTS = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))"


@dataclass(frozen=True)
class EnvironmentMaker:
    """A command that makes a virtual environment with pip.

    Attributes:
        name: What to call it in messages.
        command: The command, to which the folder is appended.
    """

    name: str
    command: tuple[str, ...]


def environment_makers(refused: list[str]) -> Iterator[EnvironmentMaker]:
    """All that this machine has: an interpreter on the PATH, pyenv's interpreters, then uv.

    Only interpreters that really start are taken: pyenv puts a ``python3.10`` on the PATH that
    refuses to run where another version is chosen.

    Args:
        refused: What cannot be used is appended, with the reason.

    Yields:
        One after the other, since any may still fail.
    """
    found = [path for path in (shutil.which("python3.10"),) if path] + _interpreters_of_pyenv()
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


def _interpreters_of_pyenv() -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(map(str, root.glob("versions/3.10.*/bin/python3.10")), reverse=True)


def _makes_environments(interpreter: str) -> bool:
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", _MAKES_ENVIRONMENTS], capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

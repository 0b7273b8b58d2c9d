"""A Python that has Lava: one that the user names, or an environment that is made for it once.

`uv run --python 3.10 --with-requirements` would do for most, but not for all. It needs uv; it does
not see pyenv's interpreters nor the package index that pip is told of; and uv stays between this
process and the run, which then outlives us when we are killed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from conversion.lava.python_3_10 import EnvironmentMaker, environment_makers
from snn_depth.files.digest import file_sha256

VARIABLE = "SNN_DEPTH_LAVA_PYTHON"
REQUIREMENTS = Path(__file__).parents[1] / "lava_runtime" / "requirements.txt"

_HAS_LAVA = "import h5py, numpy; from lava.proc.lif.process import LIF"


def lava_python(say: Callable[[str], None] = print) -> Path:
    """The interpreter that runs Lava; made, in half a minute, where there is none.

    It is that of the environment variable ``SNN_DEPTH_LAVA_PYTHON``, else that of the environment
    in the user's cache folder. `say` is called with a line before anything takes long.

    Raises:
        ValueError: When the variable names anything else than a Python with Lava.
        OSError: When an environment cannot be made, with what was tried and what to do.
    """
    named = os.environ.get(VARIABLE)
    if named:
        why_not = _missing(named)
        if why_not:
            raise ValueError(f"{VARIABLE} is {named!r}; accepted: a Python with Lava ({why_not})")
        return Path(named)
    folder = environment_folder()
    interpreter = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(_beside(folder, ".lock"), say):
        # The Python that it was made of may have been removed since.
        if not (_complete(folder).exists() and _missing(str(interpreter)) is None):
            _make(folder, say)
    return interpreter


def environment_folder() -> Path:
    """Where the environment is kept: another folder for every version of its requirements."""
    version = re.search(r"^lava-nc==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    assert version is not None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "snn-depth" / f"lava-{version[1]}-{file_sha256(REQUIREMENTS)[:8]}"


def clean_variables() -> dict[str, str]:
    """This process's environment variables without those that are for its own Python."""
    own = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in own}


def _missing(interpreter: str) -> str | None:
    """Why the interpreter cannot run Lava; None if it can."""
    command = [interpreter, "-c", _HAS_LAVA]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=clean_variables(), timeout=120
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def _make(folder: Path, say: Callable[[str], None]) -> None:
    """Environments cannot be moved, so it is made in its place, and marked when it is complete."""
    refused: list[str] = []
    log = _beside(folder, ".log")
    log.unlink(missing_ok=True)
    for maker in environment_makers(refused):
        say(f"Making the environment of Lava in {folder} with {maker.name} (about 30 s) ...")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            if _install(maker, folder, log):
                _complete(folder).touch()
                return
        finally:
            if not _complete(folder).exists():
                shutil.rmtree(folder, ignore_errors=True)
        refused.append(f"with {maker.name} it failed (what was said: {log})")
    raise OSError(
        f"no environment for Lava, which needs Python 3.10: {'; '.join(refused)}. Install Python "
        f"3.10 or uv, or give a Python that has Lava: {VARIABLE}=/path/to/python"
    )


def _install(maker: EnvironmentMaker, folder: Path, log: Path) -> bool:
    """Whether a complete environment has been made."""
    python = str(folder / "bin" / "python")
    pip = (python, "-I", "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS))
    with log.open("a") as output:
        for command in ((*maker.command, str(folder)), pip):
            done = subprocess.run(
                command, stdout=output, stderr=subprocess.STDOUT, env=clean_variables()
            )
            if done.returncode:
                return False
        why_not = _missing(python)
        output.write(f"{why_not}\n" if why_not else "")
    return why_not is None


def _complete(folder: Path) -> Path:
    return folder / "complete"


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(folder.name + suffix)


@contextmanager
def _locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Only one process at a time is inside; the lock goes with the process that holds it."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("Waiting for another process that prepares the environment of Lava ...")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()

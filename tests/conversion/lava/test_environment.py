import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conversion.lava import environment as lava_environment
from conversion.lava.environment import VARIABLE, environment_folder, lava_python
from tests.conversion.lava.test_python_3_10 import make_program

# Stands for python3.10: "-I -c ..." asks what it can, "-I -m venv FOLDER" makes an environment
# whose Python stands for one with pip; every call is noted.
PYTHON = """
echo "$*" >> {calls}
[ "$3" != venv ] && exit
mkdir -p "$4/bin" && cp {inside} "$4/bin/python" && chmod +x "$4/bin/python"
"""
INSIDE = """#!/bin/sh
echo "$*" >> {calls}
[ "$3" != pip ] && exit
sleep {pip_s}
echo "connecting to https://packages.example"
exit {pip_code}
"""


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Python with Lava, no pyenv, no uv, an empty cache."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.delenv(VARIABLE, raising=False)


def fake_python(folder: Path, pip_code: int = 0, pip_s: float = 0) -> Path:
    """A `python3.10` on the PATH; returns the file that notes its calls."""
    calls, inside = folder / "calls", folder / "inside"
    inside.write_text(INSIDE.format(calls=calls, pip_code=pip_code, pip_s=pip_s))
    make_program(folder / "bin" / "python3.10", PYTHON.format(calls=calls, inside=inside))
    calls.touch()
    return calls


def count(calls: Path, word: str) -> int:
    return sum(word in line.split() for line in calls.read_text().splitlines())


def test_the_folder_tells_version_and_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = environment_folder()
    assert folder.parent == tmp_path / "cache" / "snn-depth"
    assert folder.name.startswith("lava-0.10.0-")
    changed = tmp_path / "requirements.txt"
    changed.write_text(lava_environment.REQUIREMENTS.read_text() + "\nh5py\n")
    monkeypatch.setattr(lava_environment, "REQUIREMENTS", changed)
    assert environment_folder() != folder


def test_made_once(tmp_path: Path) -> None:
    calls = fake_python(tmp_path)
    said: list[str] = []
    python = lava_python(said.append)
    assert python == environment_folder() / "bin" / "python"
    assert len(said) == 1 and str(tmp_path / "bin" / "python3.10") in said[0]
    assert lava_python(said.append) == python and len(said) == 1
    assert (count(calls, "venv"), count(calls, "pip")) == (1, 1)
    assert str(lava_environment.REQUIREMENTS) in calls.read_text()


def test_what_an_interrupted_maker_left_is_made_again(tmp_path: Path) -> None:
    calls = fake_python(tmp_path)
    (environment_folder() / "bin").mkdir(parents=True)
    make_program(environment_folder() / "bin" / "python", "exit 0")  # but not marked as complete
    (environment_folder() / "leftover").touch()
    lava_python(lambda line: None)
    assert count(calls, "venv") == 1 and not (environment_folder() / "leftover").exists()


def test_made_again_when_its_python_has_been_removed(tmp_path: Path) -> None:
    calls = fake_python(tmp_path)
    python = lava_python(lambda line: None)
    python.unlink()
    assert lava_python(lambda line: None).exists()
    assert count(calls, "venv") == 2


def test_two_at_once_make_one(tmp_path: Path) -> None:
    calls = fake_python(tmp_path, pip_s=0.5)
    said: list[str] = []
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lava_python, [said.append, said.append])
    assert first == second and count(calls, "venv") == 1
    assert any(line.startswith("Waiting for another process") for line in said)


def test_a_failure_says_what_was_tried(tmp_path: Path) -> None:
    calls = fake_python(tmp_path, pip_code=1)
    with pytest.raises(OSError) as caught:
        lava_python(lambda line: None)
    message = str(caught.value)
    log = environment_folder().with_name(environment_folder().name + ".log")
    assert f"with {tmp_path}/bin/python3.10 it failed (what was said: {log})" in message
    assert "no uv" in message and f"{VARIABLE}=/path/to/python" in message
    assert "example" not in message and "packages.example" in log.read_text()
    assert not environment_folder().exists() and count(calls, "pip") == 1


def test_the_named_python_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_python(tmp_path)
    named = make_program(tmp_path / "named", '[ "$2" != "${2#*lava}" ]')  # asked to import Lava
    monkeypatch.setenv(VARIABLE, named)
    assert lava_python() == Path(named)
    assert not calls.read_text()


@pytest.mark.parametrize(
    ("named", "reason"),
    [(sys.executable, "No module named 'lava'"), ("/no/python", "No such file")],
)
def test_a_wrong_python_is_refused(
    named: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(ValueError, match=f"{VARIABLE} is '{named}'; accepted: .*{reason}"):
        lava_python()


@pytest.mark.slow
def test_a_real_one_is_made_from_nothing(
    lava_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lava_python` is asked for because there is nothing to make one of where it skips."""
    monkeypatch.undo()
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", "/what/is/for/this/python")
    python = lava_environment.lava_python()
    assert python.is_relative_to(tmp_path / "cache")
    program = (
        "import importlib.metadata as m, sys; print(sys.version_info[:2], m.version('lava-nc'))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "(3, 10) 0.10.0"

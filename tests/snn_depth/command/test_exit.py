import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from snn_depth.command.exit import exit_after, run_command

# A command as all of them are.
COMMAND = '''"""A command."""
from snn_depth.command.exit import run_command

def divide(number: int, *, by: int = 2) -> bool:
    """Divide a number.

    Args:
        number: What.
        by: By what.
    """
    if number < 0:
        raise ValueError(f"number is {number};\\n accepted: 0 or more")
    if by == 7:
        raise KeyboardInterrupt
    print(number // by)
    return number % by == 0

if __name__ == "__main__":
    run_command(divide)
'''


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with the command as a module and as a package."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "__init__.py").touch()
    for name in ("divide", "__main__"):
        (tmp_path / "whole" / f"{name}.py").write_text(COMMAND)
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={"PYTHONPATH": f"{Path(__file__).resolve().parents[3]}:{folder}"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        ("6", 0, "3\n", ""),
        ("7", 1, "3\n", ""),
        ("-- -1", 2, "", "error: number is -1; accepted: 0 or more\n"),
        ("6 --by=7", 130, "", "interrupted\n"),
        ("6 --by=0", 1, "", "ZeroDivisionError"),  # a defect keeps its traceback
        ("6 --of=7", 2, "", "(see python -m whole.divide --help)\n"),
    ],
)
def test_exit_codes_and_lines(packages: Path, words: str, code: int, out: str, err: str) -> None:
    done = run(packages, "-m", "whole.divide", *words.split())
    assert done[:2] == (code, out)
    assert err in done[2] and bool(err) == bool(done[2])
    assert ("Traceback" in done[2]) == (err == "ZeroDivisionError")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("-m whole.divide", "python -m whole.divide"),
        ("-m whole", "python -m whole"),
        ("whole/divide.py", "python whole/divide.py"),
    ],
)
def test_the_program_is_called_as_it_was_started(packages: Path, words: str, name: str) -> None:
    code, out, err = run(packages, *words.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {name} [-h] [--by BY] number\n")


def test_in_the_same_process(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> NoReturn:
        """Fail."""
        raise OSError("no\n  disk")

    with pytest.raises(SystemExit) as caught:
        run_command(fail, [])
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: no disk\n"
    for value, code in ((False, 1), (None, 0), (0, 0), ([], 0)):
        with pytest.raises(SystemExit) as caught:
            exit_after(lambda value=value: value)
        assert caught.value.code == code

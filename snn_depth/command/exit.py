"""How a command ends: its exit code, and one clear line for the user's errors."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn

from snn_depth.command.parser import call_command


def run_command(function: Callable[..., Any], arguments: list[str] | None = None) -> NoReturn:
    """`call_command`, then exit as `exit_after` does: the foot of every command module."""
    exit_after(lambda: call_command(function, arguments))


def exit_after(program: Callable[[], Any]) -> NoReturn:
    """Run a program and exit: with 1 when it returns False, else with 0.

    `ValueError` and `OSError` are the user's errors (bad values, unreadable files, a full disk):
    they end in one line on standard error and exit code 2. Anything else is a defect of ours and
    keeps its traceback.
    """
    try:
        result = program()
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    raise SystemExit(1 if result is False else 0)

"""What the command-line programs share: one clear line for the user's errors."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn


def exit_after(program: Callable[[], Any]) -> NoReturn:
    """Run a program and exit.

    `ValueError` and `OSError` are the user's errors (bad values, unreadable files, a full disk):
    they end in one line on standard error and exit code 2. Anything else is a defect of ours and
    keeps its traceback.

    Args:
        program: What to run.
    """
    try:
        program()
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    raise SystemExit(0)

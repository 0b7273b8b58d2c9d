"""Descriptions that ship with the package, or are one's own: TOML files found by name or path."""

import tomllib
from pathlib import Path
from typing import Any


def names_in(folder: Path) -> list[str]:
    """Names of the descriptions that ship in a folder."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find_toml(name: str | Path, folder: Path, subject: str) -> Path:
    """The file of a description.

    Args:
        subject: How an error begins, such as "chip 'x' is".
    """
    path = Path(name) if str(name).endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        raise ValueError(
            f"{subject} not known; accepted: {', '.join(names_in(folder))}, or a file of your own "
            "(*.toml)"
        )
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """What is in a file."""
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from error

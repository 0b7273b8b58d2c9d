"""The files of a folder, in the order of the numbers in their names."""

import re
from pathlib import Path


def list_files(folder: Path, pattern: str, suffixes: set[str]) -> list[Path]:
    """Files in `folder` that match a glob pattern and a suffix, numbers in numeric order.

    Raises:
        ValueError: If there is none.
        FileNotFoundError: If the folder does not exist.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"folder not found: {folder}")
    files = [path for path in folder.glob(pattern) if path.suffix.lower() in suffixes]
    if not files:
        accepted = " ".join(sorted(suffixes))
        raise ValueError(f"no files match {pattern!r} in {folder}; accepted types: {accepted}")
    return sorted(files, key=numeric_order)


def numeric_order(path: Path) -> list[tuple[int, str]]:
    """Sorting key by which `frame-10` comes after `frame-9`."""
    parts = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

"""SHA-256 of files, folders, arrays and JSON content, as hexadecimal digits."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def file_sha256(path: Path | str) -> str:
    """Of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path, pattern: str) -> str:
    """Of the names and bytes of the files in a folder whose names match a pattern."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob(pattern)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def arrays_sha256(arrays: Iterable[npt.NDArray[Any]]) -> str:
    """Of the numbers of all arrays in order; shapes and types do not count."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def json_sha256(content: Any, *, sort_keys: bool = True) -> str:
    """Of content that JSON can hold; the order of keys counts only without `sort_keys`."""
    return hashlib.sha256(json.dumps(content, sort_keys=sort_keys).encode()).hexdigest()

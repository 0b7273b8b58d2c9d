"""Write a file completely or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `target` that becomes `target` on a clean exit.

    The temporary name keeps the suffix, because many writers choose the format by it. If the
    block raises (also on a full disk or an interrupt), the temporary file is removed and an
    existing `target` stays as it was.

    Args:
        target: Final path; its parent folder is created.

    Yields:
        Path to write to.

    Raises:
        IsADirectoryError: When the target is a folder.
    """
    target = Path(target)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; accepted: a file to write")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:8]}.partial{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)

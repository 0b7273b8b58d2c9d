"""A file for HDF5 to write to when the disk may be full."""

import io
from types import TracebackType
from typing import Any


class DeferredErrorFile(io.FileIO):
    """A file whose first failed write is kept, and raised by `check` or at the end.

    HDF5 buffers, and crashes the process at its end when it could not write the buffers. So it
    must not learn of the failure: what it writes afterwards is dropped, the file is worthless
    anyway.
    """

    _error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all bytes, or none of consequence after a failure."""
        view = memoryview(data).cast("B")
        written = 0
        while self._error is None and written < len(view):
            try:
                written += super().write(view[written:]) or 0
            except OSError as error:
                self._error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Change the size."""
        if self._error is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self._error = error
        return self.tell() if size is None else size

    def check(self) -> None:
        """Raise the first failure.

        Raises:
            OSError: If a write failed.
        """
        if self._error is not None:
            raise self._error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if self._error is not None and error is not self._error:
            raise self._error from error  # HDF5's own complaints are but a consequence

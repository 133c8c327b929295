"""The standard streams of a command: always open, and never the cause of a traceback.

stdout   closed or full: `OutputError`
stderr   closed or full: what is written to it is lost, because there is no place left to say so
stdin    closed: empty
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TextIO

from background_sync_ops.errors import NOT_DONE, PIPE_CLOSED

# A descriptor that is closed at the start would become that of the first file or socket that is opened.
# Writing to this stand-in for stdout fails, as it does with a closed descriptor.
STAND_INS = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}


class OutputError(Exception):
    """Standard output cannot be written. The message is empty if its reader has closed the pipe.

    It is not an OSError, because Rich and Typer would end the process with status 1 at a closed pipe.
    """

    def __init__(self, error: OSError) -> None:
        closed_pipe = error.errno == errno.EPIPE
        reason = "it is closed" if error.errno == errno.EBADF else error.strerror
        super().__init__("" if closed_pipe else f"standard output cannot be written: {reason}")
        self.status = PIPE_CLOSED if closed_pipe else NOT_DONE


# Errors are caught above the buffer. Below it, the exception of a signal could come between a write and the
# buffer's note of it, and the same text would be written twice.
class _Stdout(TextIOWrapper):
    def write(self, text: str, /) -> int:
        with self._errors_reported():
            return super().write(text)

    def flush(self) -> None:
        with self._errors_reported():
            super().flush()

    @contextmanager
    def _errors_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _drop(1)
            raise OutputError(error) from None


class _Stderr(TextIOWrapper):
    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            _drop(2)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _drop(2)


def _drop(descriptor: int) -> None:
    """What is still in the buffer must not fail again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def prepare_streams() -> None:
    """Replace the process's standard streams."""
    for descriptor, flags in STAND_INS.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)
        # Some CI systems make a pipe that does not block, where slow output would be an error.
        os.set_blocking(descriptor, True)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = _text(_Stdout, 1, sys.stdout)
    sys.stderr = _text(_Stderr, 2, sys.stderr)


def require_stdout() -> None:
    """Raise `OutputError` if stdout is known to be lost, before a command acts and cannot say what it did."""
    if isinstance(sys.stdout, _Stdout):
        try:
            os.write(1, b"")
        except OSError as error:
            raise OutputError(error) from None


def _text(kind: type[TextIOWrapper], descriptor: int, before: TextIO | None) -> TextIOWrapper:
    encoding, is_terminal = "utf-8" if before is None else before.encoding, os.isatty(descriptor)
    buffer = BufferedWriter(FileIO(descriptor, "wb", closefd=False))
    return kind(buffer, encoding, "backslashreplace", line_buffering=is_terminal or descriptor != 1)

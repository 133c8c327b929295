"""The standard streams of a command: always open, and never the cause of a traceback.

stdout   closed or full: `OutputError`
stderr   closed or full: what is written to it is lost, because there is no place left to say so
stdin    closed: empty
"""

import errno
import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from select import select
from typing import TYPE_CHECKING, TextIO

from background_sync_ops.errors import NOT_DONE, PIPE_CLOSED

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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


class _Stdout(FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        while True:
            try:
                return os.write(self.fileno(), data)
            except BlockingIOError:
                # Some CI systems make a pipe that does not block. It is full for now.
                select([], [self], [])
            except OSError as error:
                # What is still in the buffer must not fail again at the exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
                raise OutputError(error) from None


class _Stderr(FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare_streams() -> None:
    """Replace the process's standard streams."""
    for descriptor, flags in STAND_INS.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = _text(_Stdout(1, "wb", closefd=False), sys.stdout)
    sys.stderr = _text(_Stderr(2, "wb", closefd=False), sys.stderr, line_buffering=True)


def _text(raw: FileIO, before: TextIO | None, *, line_buffering: bool = False) -> TextIOWrapper:
    encoding = "utf-8" if before is None else before.encoding
    return TextIOWrapper(
        BufferedWriter(raw), encoding, "backslashreplace", line_buffering=line_buffering or raw.isatty()
    )

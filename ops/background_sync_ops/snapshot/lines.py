"""The lines of a file that are not blank, however many blank ones or however long ones there are."""

import io
from collections.abc import Iterator

from background_sync_ops.snapshot.archive import BUFFER_BYTES

MAX_LINE_BYTES = 4 * 1024 * 1024
"""The rest of a longer line is skipped. An item of 400 KB is shorter, even with every character escaped."""
SKIP_AFTER = 100
"""So many blank lines are read one by one: looking ahead costs a copy of the buffer."""


def filled_lines(stream: io.BufferedReader) -> Iterator[tuple[int, int, bytes]]:
    """The number of each line, the file's bytes up to its end, and the line, or its beginning."""
    number = end = blank = 0
    while raw := stream.readline(MAX_LINE_BYTES):
        number += 1
        end += len(raw)
        if is_too_long(raw):
            end += _skip_line(stream)
        if not raw.isspace() or is_too_long(raw):
            blank = 0
            yield number, end, raw
            continue
        blank += 1
        if blank % SKIP_AFTER == 0:
            skipped = _skip_blank_lines(stream)
            number += skipped.count(b"\n")
            end += len(skipped)


def is_too_long(raw: bytes) -> bool:
    """Whether a line goes on after what was read of it."""
    return len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n")


def _skip_blank_lines(stream: io.BufferedReader) -> bytes:
    """Skip the blank lines that are in the buffer: millions of them one by one would take minutes."""
    ahead = stream.peek()
    blank = ahead[: len(ahead) - len(ahead.lstrip())]
    return stream.read(blank.rfind(b"\n") + 1)


def _skip_line(stream: io.BufferedReader) -> int:
    """Read to the end of the line, keeping nothing in memory. Returns the number of bytes."""
    skipped = 0
    while raw := stream.readline(BUFFER_BYTES):
        skipped += len(raw)
        if raw.endswith(b"\n"):
            break
    return skipped

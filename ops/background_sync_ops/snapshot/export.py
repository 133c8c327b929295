"""A Convex snapshot export: the ZIP that `npx convex export` writes, or the unpacked folder.

    workspaces/documents.jsonl     contacts/documents.jsonl     one JSON document per line

Both may be one folder deeper. Everything else in it (`_tables/`, `generated_schema.jsonl`, other tables) is
ignored. `archive.py` finds the files.
"""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from background_sync_ops.snapshot.archive import (
    BUFFER_BYTES,
    UNREADABLE,
    File,
    SnapshotError,
    one_line,
    open_files,
)
from background_sync_ops.snapshot.report import Remark
from background_sync_ops.snapshot.values import BadDocument, Record, parse

WORKSPACES = "workspaces"
CONTACTS = "contacts"
TABLES = (WORKSPACES, CONTACTS)
DOCUMENTS = "documents.jsonl"
MAX_LINE_BYTES = 4 * 1024 * 1024
"""Longer lines are skipped unread. An item of 400 KB is shorter, even with every character escaped."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its document, or the problem with it. `end` counts the file's bytes up to its end."""

    file: str
    number: int
    end: int
    # It may hold a token, so it is left out of every representation.
    document: Record | None = field(repr=False)
    problem: str = ""

    def require_document(self) -> Record:
        """The document; raises `BadDocument` if there is none."""
        if self.document is None:
            raise BadDocument(self.problem)
        return self.document

    def remark(self, reason: object) -> Remark:
        return Remark(self.file, self.number, str(reason))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot."""

    path: Path
    _files: Mapping[str, File]

    def size(self, table: str) -> int:
        """The bytes of a table, unpacked."""
        return self._files[table].size

    def lines(self, table: str) -> Iterator[Line]:
        """The lines of a table in order, without blank ones; raises `SnapshotError`."""
        with self._open(table) as stream:
            yield from _lines(self._files[table].name, stream)

    def verify(self, *, whole: bool) -> None:
        """Read the beginning of each table, or the whole; raises `SnapshotError`."""
        for table, file in self._files.items():
            with self._open(table) as stream:
                if problem := _not_lines(stream):
                    raise SnapshotError(f"{self.path}: {file.name} {problem}")
                while whole and stream.read(BUFFER_BYTES):
                    pass

    @contextmanager
    def _open(self, table: str) -> Iterator[io.BufferedReader]:
        file = self._files[table]
        try:
            with file.open() as stream:
                yield stream
        except UNREADABLE as error:
            raise SnapshotError(f"{self.path}: {file.name} is damaged: {one_line(error)}") from error


@contextmanager
def open_snapshot(path: Path) -> Iterator[Snapshot]:
    """The snapshot at `path`.

    Raises:
        SnapshotError: it does not exist, it is neither a folder nor an undamaged ZIP file, or a table is
            missing.
    """
    with open_files(path) as (files, zipped):
        snapshot = _snapshot(path, files)
        # A ZIP shows damage only at the end of a file, when most of it would already be loaded.
        snapshot.verify(whole=zipped)
        yield snapshot


def write_snapshot(folder: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Path:
    """Write the documents of each table below `folder`, and return it."""
    for table, documents in tables.items():
        (folder / table).mkdir(parents=True)
        with (folder / table / DOCUMENTS).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    return folder


def _snapshot(path: Path, files: list[File]) -> Snapshot:
    return Snapshot(path, {table: _file_of(path, files, f"{table}/{DOCUMENTS}") for table in TABLES})


def _file_of(path: Path, files: list[File], wanted: str) -> File:
    found = [each for each in files if each.name == wanted] or [
        each for each in files if _is_one_folder_down(each.name, wanted)
    ]
    if not found:
        raise SnapshotError(f"{path}: {wanted} is missing")
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise SnapshotError(f"{path}: expected one {wanted}, found {len(found)}: {names}")
    return found[0]


def _is_one_folder_down(name: str, wanted: str) -> bool:
    # Folders with an underscore are Convex's own (`_components`) or macOS's (`__MACOSX`).
    top, _, rest = name.partition("/")
    return rest == wanted and not top.startswith("_")


def _not_lines(stream: io.BufferedReader) -> str:
    """Why a file is not one document per line, as its beginning shows; empty if it may be."""
    while (read := stream.read(BUFFER_BYTES)) and not (head := read.removeprefix(BYTE_ORDER_MARK).lstrip()):
        pass
    if not read:
        return ""
    if head.startswith(b"["):
        return "is a JSON array, expected one JSON document per line (`jq -c '.[]'` makes lines of it)"
    if head.partition(b"\n")[0].strip() == b"{":
        return "has documents of several lines, expected one JSON document per line (`jq -c .` makes them)"
    return ""


def _lines(name: str, stream: io.BufferedReader) -> Iterator[Line]:
    number = end = 0
    while raw := stream.readline(MAX_LINE_BYTES):
        number += 1
        end += len(raw)
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            end += _skip_line(stream)
            yield Line(name, number, end, None, f"longer than {MAX_LINE_BYTES // 1024**2} MB")
        elif not raw.isspace():
            try:
                yield Line(name, number, end, parse(raw))
            except BadDocument as error:
                yield Line(name, number, end, None, str(error))
        else:
            blank = _skip_blank_lines(stream)
            number += blank.count(b"\n")
            end += len(blank)


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

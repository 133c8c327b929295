"""A Convex snapshot export: the ZIP that `npx convex export` writes, or the unpacked folder.

    workspaces/documents.jsonl     contacts/documents.jsonl     one JSON document per line
    workspaces/generated_schema.jsonl     contacts/generated_schema.jsonl     optional, see `schema.py`

All may be one folder deeper. Everything else in it (`_tables/`, other tables) is ignored. `archive.py` finds
the files.
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
from background_sync_ops.snapshot.lines import MAX_LINE_BYTES, filled_lines, is_too_long
from background_sync_ops.snapshot.report import Remark
from background_sync_ops.snapshot.schema import BadSchema, Schema, read_schema
from background_sync_ops.snapshot.values import TOO_DEEP, BadDocument, Record, parse

WORKSPACES = "workspaces"
CONTACTS = "contacts"
TABLES = (WORKSPACES, CONTACTS)
DOCUMENTS = "documents.jsonl"
SCHEMA = "generated_schema.jsonl"
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

    def remark(self, reason: BadDocument | str) -> Remark:
        error = BadDocument(reason) if isinstance(reason, str) else reason
        return Remark(self.file, self.number, str(error), error.field, error.kind)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot."""

    path: Path
    _files: Mapping[str, File]
    _schemas: Mapping[str, Schema | None]

    def size(self, table: str) -> int:
        """The bytes of a table, unpacked."""
        return self._files[table].size

    def lines(self, table: str) -> Iterator[Line]:
        """The lines of a table in order, without blank ones; raises `SnapshotError`."""
        file = self._files[table]
        with _opened(self.path, file) as stream:
            for number, end, raw in filled_lines(stream):
                yield _line(file.name, number, end, raw, self._schemas[table])

    def verify(self, *, whole: bool) -> None:
        """Read the beginning of each table, or the whole; raises `SnapshotError`."""
        for file in self._files.values():
            with _opened(self.path, file) as stream:
                if _is_array(stream):
                    advice = "expected one JSON document per line (`jq -c '.[]'` makes lines of it)"
                    raise SnapshotError(f"{self.path}: {file.name} is a JSON array, {advice}")
                while whole and stream.read(BUFFER_BYTES):
                    pass


@contextmanager
def _opened(path: Path, file: File) -> Iterator[io.BufferedReader]:
    try:
        with file.open() as stream:
            yield stream
    except UNREADABLE as error:
        raise SnapshotError(f"{path}: {file.name} is damaged: {one_line(error)}") from error


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
    documents = {table: _file_of(path, files, f"{table}/{DOCUMENTS}") for table in TABLES}
    return Snapshot(path, documents, {table: _schema(path, files, documents[table]) for table in TABLES})


def _schema(path: Path, files: list[File], documents: File) -> Schema | None:
    name = documents.name.removesuffix(DOCUMENTS) + SCHEMA
    for file in (each for each in files if each.name == name):
        with _opened(path, file) as stream:
            try:
                return read_schema(raw for _, _, raw in filled_lines(stream))
            except BadSchema:
                advice = "remove it if the documents are as the current version of Convex writes them"
                raise SnapshotError(f"{path}: {name} is not a schema of Convex: {advice}") from None
    return None


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


def _is_array(stream: io.BufferedReader) -> bool:
    """Whether a file is one JSON array: it begins with a bracket."""
    while (read := stream.read(BUFFER_BYTES)) and not (head := read.removeprefix(BYTE_ORDER_MARK).lstrip()):
        pass
    return bool(read) and head.startswith(b"[")


def _line(name: str, number: int, end: int, raw: bytes, schema: Schema | None) -> Line:
    try:
        return Line(name, number, end, _document(raw, schema))
    except BadDocument as error:
        return Line(name, number, end, None, str(error))


def _document(raw: bytes, schema: Schema | None) -> Record:
    if is_too_long(raw):
        raise BadDocument(f"longer than {MAX_LINE_BYTES // 1024**2} MB")
    document = parse(raw)
    try:
        return document if schema is None else schema.read(document)
    except RecursionError:
        raise BadDocument(TOO_DEEP) from None

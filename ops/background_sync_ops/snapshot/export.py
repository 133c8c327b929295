"""A Convex snapshot export: the ZIP that `npx convex export` writes, or the unpacked folder.

    workspaces/documents.jsonl     contacts/documents.jsonl     one JSON document per line

Both may be one folder deeper. Everything else in it (`_tables/`, `generated_schema.jsonl`, other tables) is
ignored.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from background_sync_ops.snapshot.report import Remark
from background_sync_ops.snapshot.values import BadDocument, Record, parse

WORKSPACES = "workspaces"
CONTACTS = "contacts"
TABLES = (WORKSPACES, CONTACTS)
DOCUMENTS = "documents.jsonl"
MAX_LINE_BYTES = 4 * 1024 * 1024
"""Longer lines are skipped unread. An item of 400 KB is shorter, even with every character escaped."""
BUFFER_BYTES = 256 * 1024
# What zipfile raises for damaged, encrypted and unsupported archives.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class SnapshotError(Exception):
    """The snapshot as a whole cannot be read. The message is one line that names it."""


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
class _File:
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot."""

    path: Path
    _files: Mapping[str, _File]

    def size(self, table: str) -> int:
        """The bytes of a table, unpacked."""
        return self._files[table].size

    def lines(self, table: str) -> Iterator[Line]:
        """The lines of a table in order, without blank ones; raises `SnapshotError`."""
        with self._open(table) as stream:
            yield from _lines(self._files[table].name, stream)

    def verify(self) -> None:
        """Read everything once; raises `SnapshotError`."""
        for table in self._files:
            with self._open(table) as stream:
                while stream.read(BUFFER_BYTES):
                    pass

    @contextmanager
    def _open(self, table: str) -> Iterator[BinaryIO]:
        file = self._files[table]
        try:
            with file.open() as stream:
                yield stream
        except UNREADABLE as error:
            raise SnapshotError(f"{self.path}: {file.name} is damaged: {_one_line(error)}") from error


@contextmanager
def open_snapshot(path: Path) -> Iterator[Snapshot]:
    """The snapshot at `path`.

    Raises:
        SnapshotError: it does not exist, it is neither a folder nor an undamaged ZIP file, or a table is
            missing.
    """
    if path.is_dir():
        yield _snapshot(path, _files_in_folder(path))
        return
    with _open_zip(path) as archive:
        snapshot = _snapshot(path, _files_in_zip(archive))
        # A ZIP shows damage only at the end of a file, when most of it would already be loaded.
        snapshot.verify()
        yield snapshot


def write_snapshot(folder: Path, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Path:
    """Write the documents of each table below `folder`, and return it."""
    for table, documents in tables.items():
        (folder / table).mkdir(parents=True)
        with (folder / table / DOCUMENTS).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    return folder


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise SnapshotError(f"{path}: no such file or folder") from None
    except zipfile.BadZipFile:
        raise SnapshotError(f"{path}: neither a folder nor a readable ZIP file") from None
    except UNREADABLE as error:
        raise SnapshotError(f"{path}: {_one_line(error)}") from None


def _files_in_zip(archive: zipfile.ZipFile) -> list[_File]:
    def open_member(info: zipfile.ZipInfo) -> BinaryIO:
        return io.BufferedReader(archive.open(info), BUFFER_BYTES)  # type: ignore[type-var]

    members = [info for info in archive.infolist() if info.filename.rpartition("/")[2] == DOCUMENTS]
    return [_File(each.filename, each.file_size, partial(open_member, each)) for each in members]


def _files_in_folder(folder: Path) -> list[_File]:
    def open_file(path: Path) -> BinaryIO:
        return path.open("rb", BUFFER_BYTES)

    paths = [path for pattern in ("*/", "*/*/") for path in folder.glob(pattern + DOCUMENTS)]
    return [
        _File(each.relative_to(folder).as_posix(), each.stat().st_size, partial(open_file, each))
        for each in paths
    ]


def _snapshot(path: Path, files: list[_File]) -> Snapshot:
    return Snapshot(path, {table: _file_of(path, files, f"{table}/{DOCUMENTS}") for table in TABLES})


def _file_of(path: Path, files: list[_File], wanted: str) -> _File:
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


def _lines(name: str, stream: BinaryIO) -> Iterator[Line]:
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


def _skip_line(stream: BinaryIO) -> int:
    """Read to the end of the line, keeping nothing in memory. Returns the number of bytes."""
    skipped = 0
    while raw := stream.readline(BUFFER_BYTES):
        skipped += len(raw)
        if raw.endswith(b"\n"):
            break
    return skipped


def _one_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__

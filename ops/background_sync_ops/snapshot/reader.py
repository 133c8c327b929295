"""A Convex snapshot export, read line by line: the ZIP that `npx convex export` writes, or its folder.

    workspaces/documents.jsonl     contacts/documents.jsonl     one JSON document a line

Both may lie one folder deeper. What else is there (`_tables/`, `generated_schema.jsonl`, other tables) is not
looked at.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from background_sync_ops.snapshot.report import Remark
from background_sync_ops.snapshot.values import BadDocument, Record, parse

DOCUMENTS = "documents.jsonl"
MAX_LINE_BYTES = 4 * 1024 * 1024
"""Longer lines are passed over unread. An item of 400 KB is shorter in JSON, escaped throughout."""
BUFFER_BYTES = 256 * 1024
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
    """The snapshot as a whole cannot be read; one line that names it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its document, or the problem with it. `end` counts the file's bytes up to and with it."""

    file: str
    number: int
    end: int
    document: Record | None = field(repr=False)  # it may hold a token
    problem: str = ""

    def remark(self, reason: object) -> Remark:
        """Something to say of this line."""
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
        """A table's bytes, unpacked."""
        return self._files[table].size

    def lines(self, table: str) -> Iterator[Line]:
        """A table's lines, in order, blank ones left out; raises `SnapshotError` where it cannot be read."""
        with self._open(table) as stream:
            yield from _lines(self._files[table].name, stream)

    def verify(self) -> None:
        """Read everything once: a ZIP shows damage at the end of a file only, when much would be loaded."""
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
            raise SnapshotError(f"{self.path}: {file.name} is broken: {_one_line(error)}") from error


@contextmanager
def open_snapshot(path: Path, tables: tuple[str, ...]) -> Iterator[Snapshot]:
    """The snapshot at `path`, which must hold all of `tables`.

    Raises:
        SnapshotError: there is nothing, it is neither a folder nor a sound ZIP file, or a table is missing.
    """
    if path.is_dir():
        yield _snapshot(path, _files_in_folder(path), tables)
        return
    with _open_zip(path) as archive:
        snapshot = _snapshot(path, _files_in_zip(archive), tables)
        snapshot.verify()
        yield snapshot


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
    def opener(info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
        return lambda: io.BufferedReader(archive.open(info), BUFFER_BYTES)  # type: ignore[type-var]

    return [
        _File(info.filename, info.file_size, opener(info))
        for info in archive.infolist()
        if _is_documents(info.filename)
    ]


def _files_in_folder(folder: Path) -> list[_File]:
    def opener(path: Path) -> Callable[[], BinaryIO]:
        return lambda: path.open("rb", BUFFER_BYTES)

    found = [path for pattern in ("*/", "*/*/") for path in folder.glob(pattern + DOCUMENTS)]
    return [_File(path.relative_to(folder).as_posix(), path.stat().st_size, opener(path)) for path in found]


def _is_documents(name: str) -> bool:
    return name.rpartition("/")[2] == DOCUMENTS


def _snapshot(path: Path, files: list[_File], tables: tuple[str, ...]) -> Snapshot:
    return Snapshot(path, {table: _file_of(path, files, table) for table in tables})


def _file_of(path: Path, files: list[_File], table: str) -> _File:
    wanted = f"{table}/{DOCUMENTS}"
    found = [each for each in files if each.name == wanted] or [
        each for each in files if _is_one_folder_down(each.name, wanted)
    ]
    if not found:
        raise SnapshotError(f"{path}: no table {table} in it ({wanted})")
    if len(found) > 1:
        raise SnapshotError(f"{path}: {wanted} is there {len(found)} times: {found[0].name}, {found[1].name}")
    return found[0]


def _is_one_folder_down(name: str, wanted: str) -> bool:
    """Names with an underscore are Convex's own (`_components`) or macOS's (`__MACOSX`)."""
    top, _, rest = name.partition("/")
    return rest == wanted and not top.startswith("_")


def _lines(name: str, stream: BinaryIO) -> Iterator[Line]:
    number = end = 0
    while raw := stream.readline(MAX_LINE_BYTES):
        number += 1
        end += len(raw)
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            end += _pass_over(stream)
            yield Line(name, number, end, None, f"longer than {MAX_LINE_BYTES // 1024**2} MB")
        elif not raw.isspace():
            yield _line(name, number, end, raw)


def _pass_over(stream: BinaryIO) -> int:
    """Read to the end of the line, keeping nothing; the bytes passed."""
    passed = 0
    while raw := stream.readline(BUFFER_BYTES):
        passed += len(raw)
        if raw.endswith(b"\n"):
            break
    return passed


def _line(name: str, number: int, end: int, raw: bytes) -> Line:
    try:
        return Line(name, number, end, parse(raw))
    except BadDocument as error:
        return Line(name, number, end, None, str(error))


def _one_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__

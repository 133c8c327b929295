"""The files of an export: in a ZIP, in the unpacked folder, or in the one export ZIP of a folder."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

TABLE_FILES = frozenset({"documents.jsonl", "generated_schema.jsonl"})
BUFFER_BYTES = 256 * 1024
MAX_RATIO = 200
"""How many times its size in the ZIP a file may have, if it is larger than `ALWAYS_READ_BYTES`."""
ALWAYS_READ_BYTES = 256 * 1024 * 1024
ENCRYPTED = 1
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
class File:
    """A file of the export. `open` raises `SnapshotError` for one that must not be read."""

    name: str
    size: int
    open: Callable[[], io.BufferedReader]


@contextmanager
def open_files(path: Path) -> Iterator[tuple[list[File], bool]]:
    """The files of all tables, and whether they are in a ZIP; raises `SnapshotError`."""
    if path.is_dir():
        files = _files_in_folder(path)
        archive_path = None if files else _only_export(path)
        if archive_path is None:
            yield files, False
            return
        path = archive_path
    with _open_zip(path) as archive:
        yield _files_in_zip(path, archive), True


def one_line(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


def _open_zip(path: Path) -> zipfile.ZipFile:
    if path.exists() and not path.is_file():
        # Opening a named pipe would wait for a writer.
        raise SnapshotError(f"{path}: a named pipe or a device, expected a folder or a ZIP file")
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise SnapshotError(f"{path}: no such file or folder") from None
    except zipfile.BadZipFile:
        raise SnapshotError(f"{path}: neither a folder nor a readable ZIP file") from None
    except UNREADABLE as error:
        raise SnapshotError(f"{path}: {one_line(error)}") from None


def _files_in_zip(path: Path, archive: zipfile.ZipFile) -> list[File]:
    def open_member(info: zipfile.ZipInfo) -> io.BufferedReader:
        if info.flag_bits & ENCRYPTED:
            raise SnapshotError(f"{path}: {info.filename} is encrypted: unpack it, and import the folder")
        if info.file_size > max(ALWAYS_READ_BYTES, MAX_RATIO * info.compress_size):
            size = f"{info.file_size // 1024**2} MB from {info.compress_size // 1024} KB"
            raise SnapshotError(
                f"{path}: {info.filename} would unpack to {size}, like a ZIP bomb:"
                " if it is none, unpack it, and import the folder"
            )
        return io.BufferedReader(archive.open(info), BUFFER_BYTES)  # type: ignore[arg-type]

    named = [(_zip_name(info), info) for info in archive.infolist()]
    return [
        File(name, info.file_size, partial(open_member, info)) for name, info in named if _is_of_table(name)
    ]


def _zip_name(info: zipfile.ZipInfo) -> str:
    # Some of Windows' tools write backslashes.
    return info.filename.replace("\\", "/")


def _is_of_table(name: str) -> bool:
    return name.rpartition("/")[2] in TABLE_FILES


def _files_in_folder(folder: Path) -> list[File]:
    def open_file(path: Path) -> io.BufferedReader:
        _require_regular(folder, path)
        return io.BufferedReader(io.FileIO(path), BUFFER_BYTES)

    patterns = [depth + name for depth in ("*/", "*/*/") for name in sorted(TABLE_FILES)]
    paths = [path for pattern in patterns for path in folder.glob(pattern)]
    return [
        File(
            each.relative_to(folder).as_posix(),
            each.stat().st_size if each.is_file() else 0,
            partial(open_file, each),
        )
        for each in paths
    ]


def _only_export(folder: Path) -> Path | None:
    """The one export ZIP in a folder: `npx convex export --path folder/` puts it there."""
    zips = sorted(each for each in folder.iterdir() if each.suffix.lower() == ".zip")
    found = zips if len(zips) < 2 else [each for each in zips if _holds_tables(each)]  # noqa: PLR2004
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise SnapshotError(f"{folder}: expected one export, found {len(found)}: {names}")
    for each in found:
        _require_regular(folder, each)
    return found[0] if found else None


def _holds_tables(path: Path) -> bool:
    try:
        with _open_zip(path) as archive:
            return any(_is_of_table(_zip_name(info)) for info in archive.infolist())
    except SnapshotError:
        return False


def _require_regular(folder: Path, path: Path) -> None:
    name = path.relative_to(folder)
    if not path.is_file():
        raise SnapshotError(f"{folder}: {name} is not a file but a named pipe, a device or a broken link")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SnapshotError(f"{folder}: {name} is a link out of the folder")

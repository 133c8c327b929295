"""Which files an export is made of, wherever they are."""

import os
import zipfile
from pathlib import Path

import pytest

from background_sync_ops.snapshot.archive import ALWAYS_READ_BYTES, SnapshotError
from background_sync_ops.snapshot.export import open_snapshot
from tests.unit.snapshot.making import BOTH, CONTACTS, WORKSPACES, unpacked, zipped


def count(path: Path) -> int:
    with open_snapshot(path) as snapshot:
        return sum(1 for _ in snapshot.lines("contacts"))


def refused(path: Path, reason: str) -> None:
    with pytest.raises(SnapshotError, match=reason):
        count(path)


def test_backslashes_in_a_zip_are_separators(tmp_path: Path) -> None:
    assert (
        count(zipped(tmp_path, {f"snap\\{name}".replace("/", "\\"): data for name, data in BOTH.items()}))
        == 2
    )


def test_a_folder_with_one_export_zip_is_that_export(tmp_path: Path) -> None:
    zipped(tmp_path, BOTH)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    (tmp_path / "notes.zip").write_text("no ZIP")
    assert count(tmp_path) == 2


def test_a_folder_with_several_export_zips_is_an_error_that_names_them(tmp_path: Path) -> None:
    zipped(tmp_path, BOTH).rename(tmp_path / "monday.ZIP")
    zipped(tmp_path, BOTH)
    refused(tmp_path, f"{tmp_path}: expected one export, found 2: monday.ZIP, snapshot.zip")


def test_the_tables_of_a_folder_come_before_its_zip(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, {**BOTH, CONTACTS: b"{}"})
    zipped(folder, BOTH)
    assert count(folder) == 1


def test_a_folder_without_tables_is_named(tmp_path: Path) -> None:
    refused(tmp_path, f"{tmp_path}: {WORKSPACES} is missing")


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    refused(tmp_path / "pipe.zip", "a named pipe or a device, expected a folder or a ZIP file")
    refused(tmp_path, "pipe.zip is not a file but a named pipe")
    folder = unpacked(tmp_path, BOTH)
    (folder / CONTACTS).unlink()
    os.mkfifo(folder / CONTACTS)
    refused(folder, f"{CONTACTS} is not a file but a named pipe")


@pytest.mark.parametrize("name", ["contacts", CONTACTS])
def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(tmp_path: Path, name: str) -> None:
    folder = unpacked(tmp_path, BOTH)
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    refused(folder, f"{CONTACTS} is a link out of the folder")
    (folder / name).unlink()
    (tmp_path / "outside").rename(folder / "inside")
    (folder / name).symlink_to("../inside" if "/" in name else "inside")
    assert count(folder) == 2


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, BOTH)
    (folder / CONTACTS).unlink()
    (folder / CONTACTS).symlink_to("nowhere")
    refused(folder, f"{CONTACTS} is not a file but a named pipe, a device or a broken link")


def test_the_path_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(unpacked(tmp_path, BOTH))
    assert count(tmp_path / "latest") == 2


def test_an_encrypted_zip_is_an_error(tmp_path: Path) -> None:
    path = zipped(tmp_path, BOTH)
    data = path.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    path.write_bytes(data.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"))
    refused(path, f"{WORKSPACES} is encrypted")


def test_a_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    # The ZIP claims 3.8 GB of a file that has none of it.
    path = zipped(tmp_path, {**BOTH, CONTACTS: b"x" * 100_000})
    with zipfile.ZipFile(path) as archive:
        crc = archive.getinfo(CONTACTS).CRC.to_bytes(4, "little")
    data = path.read_bytes()
    at = data.rindex(crc)
    claimed = (15 * ALWAYS_READ_BYTES).to_bytes(4, "little")
    path.write_bytes(data[: at + 8] + claimed + data[at + 12 :])
    refused(path, f"{CONTACTS} would unpack to 3840 MB from 0 KB, like a ZIP bomb")

import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from background_sync_ops.snapshot.archive import ALWAYS_READ_BYTES, SnapshotError
from background_sync_ops.snapshot.documents import contact_record
from background_sync_ops.snapshot.export import Line, open_snapshot
from background_sync_ops.snapshot.lines import MAX_LINE_BYTES
from tests.unit.snapshot.making import BOTH, CONTACTS, NOW, WORKSPACES, Make, unpacked, zipped


def lines(path: Path) -> list[Line]:
    with open_snapshot(path) as snapshot:
        return list(snapshot.lines("contacts"))


def problems(tmp_path: Path, content: bytes) -> list[tuple[int, str]]:
    found = lines(zipped(tmp_path, {**BOTH, CONTACTS: content}))
    return [(line.number, line.problem) for line in found if line.document is None]


def peak_memory(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_the_lines_of_a_table_are_read_and_other_files_are_ignored(tmp_path: Path, make: Make) -> None:
    others = [
        "README.md",
        "_tables/documents.jsonl",
        "other/generated_schema.jsonl",
        "_components/contacts/documents.jsonl",
        "_components/billing/contacts/documents.jsonl",
        "__MACOSX/contacts/documents.jsonl",
    ]
    path = make(tmp_path, {**BOTH, **dict.fromkeys(others, b"{")})
    with open_snapshot(path) as snapshot:
        assert list(snapshot.lines("contacts")) == [
            Line(CONTACTS, 1, 13, {"_id": "c1"}),
            Line(CONTACTS, 2, 26, {"_id": "c2"}),
        ]
        assert snapshot.size("contacts") == 26


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_everything_may_be_one_folder_deeper(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path, {f"snapshot-2026/{name}": data for name, data in BOTH.items()})
    assert [line.file for line in lines(path)] == [f"snapshot-2026/{CONTACTS}"] * 2


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_a_missing_table_is_named_and_an_empty_one_is_not_missing(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path, {WORKSPACES: b""})
    with pytest.raises(SnapshotError, match=f"{path}: {CONTACTS} is missing"):
        lines(path)
    assert lines(make(tmp_path, {**BOTH, CONTACTS: b""})) == []


def test_two_tables_with_one_name_are_an_error(tmp_path: Path) -> None:
    path = zipped(tmp_path, {WORKSPACES: b"", f"a/{CONTACTS}": b"", f"b/{CONTACTS}": b""})
    with pytest.raises(SnapshotError, match=f"expected one {CONTACTS}, found 2: a/{CONTACTS}, b/{CONTACTS}"):
        lines(path)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"nowhere\.zip: no such file or folder"):
        lines(tmp_path / "nowhere.zip")


def test_a_file_that_is_not_a_zip_or_is_cut_short_is_not_readable(tmp_path: Path) -> None:
    path = zipped(tmp_path, BOTH)
    for data in (BOTH[CONTACTS], path.read_bytes()[:-30]):
        path.write_bytes(data)
        with pytest.raises(SnapshotError, match=r"snapshot\.zip: neither a folder nor a readable ZIP file"):
            lines(path)


def test_a_damaged_table_in_a_zip_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**BOTH, CONTACTS: b'{"_id":"c1"}\n' * 100})
    data = bytearray(path.read_bytes())
    at = data.index(CONTACTS.encode()) + len(CONTACTS) + 5
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    with pytest.raises(SnapshotError, match=f"{CONTACTS} is damaged: "):
        lines(path)


def test_blank_lines_are_skipped_but_numbered(tmp_path: Path) -> None:
    found = lines(zipped(tmp_path, {**BOTH, CONTACTS: b'\n{"a":1}\r\n  \n\r\n{"a":2}'}))
    assert [(line.number, line.document, line.end) for line in found] == [
        (2, {"a": 1}, 10),
        (5, {"a": 2}, 22),
    ]


@pytest.mark.parametrize("make", [zipped, unpacked])
@pytest.mark.parametrize("content", [b'[{"a":1},\n{"a":2}]\n', b'\xef\xbb\xbf\n  [\n  {"a":1}\n]'])
def test_a_json_array_is_one_error(tmp_path: Path, make: Make, content: bytes) -> None:
    path = make(tmp_path, {**BOTH, CONTACTS: content})
    with pytest.raises(SnapshotError, match=f"{path}: {CONTACTS} is a JSON array, expected one JSON"):
        lines(path)


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    assert problems(tmp_path, b'\xef\xbb\xbf{"a":1}\n') == []


def test_reading_goes_on_after_a_bad_line(tmp_path: Path) -> None:
    found = problems(tmp_path, b'{"a":1}\nnot json\n[]\n{"a":\xff}\n{"a":2}\n')
    assert [number for number, _ in found] == [2, 3, 4]
    assert found[0][1] == "not JSON: Expecting value at column 1"


def test_problems_and_representations_show_nothing_of_a_line(tmp_path: Path) -> None:
    assert "secret" not in repr(problems(tmp_path, b'{"meta_access_token": "secret", }\nsecret\n'))
    assert "secret" not in repr(Line("f", 1, 1, {"meta_access_token": "secret"}))


def test_a_line_that_is_too_long_is_skipped_and_takes_no_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**BOTH, CONTACTS: b'{"a":"' + b"x" * (40 * 1024**2) + b'"}\n{"a":1}\n'})
    found: list[Line] = []
    assert peak_memory(lambda: found.extend(lines(path))) < 3 * MAX_LINE_BYTES
    assert [(line.number, line.problem, line.document) for line in found] == [
        (1, "longer than 4 MB", None),
        (2, "", {"a": 1}),
    ]


def test_the_last_line_may_be_too_long_or_exactly_as_long_as_allowed(tmp_path: Path) -> None:
    assert problems(tmp_path, b'{"a":1}\n' + b"x" * (MAX_LINE_BYTES + 1)) == [(2, "longer than 4 MB")]
    assert problems(tmp_path, b"x" * (MAX_LINE_BYTES - 1) + b"\n")[0][1].startswith("not JSON")


def test_memory_does_not_grow_with_the_number_of_lines(tmp_path: Path) -> None:
    allowed, count = 2 * 1024**2, 4000
    note = {"content": "x" * 1000, "addedBy": "rina", "addedAt": NOW}
    documents = [
        {"workspace_id": "w1", "phone": f"62{number:09d}", "notes": [note, {**note, "addedAt": number}]}
        for number in range(count)
    ]
    content = "\n".join(map(json.dumps, documents)).encode()
    assert len(content) > 3 * allowed
    path = zipped(tmp_path, {**BOTH, CONTACTS: content})

    def read() -> None:
        with open_snapshot(path) as snapshot:
            records = (
                contact_record(line.require_document(), 0).record for line in snapshot.lines("contacts")
            )
            assert sum(1 for _ in records) == count

    assert peak_memory(read) < allowed


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

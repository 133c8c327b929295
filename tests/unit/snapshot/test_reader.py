import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from background_sync_ops.snapshot.reader import MAX_LINE_BYTES, Line, SnapshotError, open_snapshot

WORKSPACES = "workspaces/documents.jsonl"
CONTACTS = "contacts/documents.jsonl"
Files = Mapping[str, bytes]
BOTH: Files = {WORKSPACES: b'{"_id":"w1"}\n', CONTACTS: b'{"_id":"c1"}\n{"_id":"c2"}\n'}


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path / "snapshot.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path / "snapshot.zip"


def unpacked(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / "snapshot" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "snapshot" / name).write_bytes(data)
    return path / "snapshot"


def lines(path: Path, table: str = "contacts") -> list[Line]:
    with open_snapshot(path, ("workspaces", "contacts")) as snapshot:
        return list(snapshot.lines(table))


def problems(tmp_path: Path, content: bytes) -> list[tuple[int, str]]:
    found = lines(zipped(tmp_path, {**BOTH, CONTACTS: content}))
    return [(line.number, line.problem) for line in found if line.document is None]


@pytest.fixture(params=[zipped, unpacked])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = request.param(
        tmp_path,
        {
            **BOTH,
            "README.md": b"",
            "_tables/documents.jsonl": b"{",
            "contacts/generated_schema.jsonl": b"{",
            "_components/contacts/documents.jsonl": b"{",
            "_components/billing/contacts/documents.jsonl": b"{",
            "__MACOSX/contacts/documents.jsonl": b"{",
        },
    )
    return path


def test_every_line_with_its_place(made: Path) -> None:
    assert lines(made) == [Line(CONTACTS, 1, 13, {"_id": "c1"}), Line(CONTACTS, 2, 26, {"_id": "c2"})]


def test_the_size_of_a_table(made: Path) -> None:
    with open_snapshot(made, ("contacts",)) as snapshot:
        assert snapshot.size("contacts") == 26


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_a_folder_around_it_all_makes_no_difference(tmp_path: Path, make: type) -> None:
    path = make(tmp_path, {f"snapshot-2026/{name}": data for name, data in BOTH.items()})
    assert [line.file for line in lines(path)] == [f"snapshot-2026/{CONTACTS}"] * 2


@pytest.mark.parametrize("make", [zipped, unpacked])
def test_a_missing_table_is_named(tmp_path: Path, make: type) -> None:
    path = make(tmp_path, {WORKSPACES: b""})
    with pytest.raises(SnapshotError, match=rf"{path}: no table contacts in it \({CONTACTS}\)"):
        lines(path)


def test_an_empty_table_is_not_missing(tmp_path: Path) -> None:
    assert lines(zipped(tmp_path, {**BOTH, CONTACTS: b""})) == []


def test_two_tables_of_one_name_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {WORKSPACES: b"", f"a/{CONTACTS}": b"", f"b/{CONTACTS}": b""})
    with pytest.raises(SnapshotError, match=rf"{CONTACTS} is there 2 times: a/{CONTACTS}, b/{CONTACTS}"):
        lines(path)


def test_a_wrong_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"nowhere\.zip: no such file or folder"):
        lines(tmp_path / "nowhere.zip")


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "documents.jsonl").write_bytes(BOTH[CONTACTS])
    with pytest.raises(SnapshotError, match=r"documents\.jsonl: neither a folder nor a readable ZIP file"):
        lines(tmp_path / "documents.jsonl")


def test_a_zip_cut_short(tmp_path: Path) -> None:
    path = zipped(tmp_path, BOTH)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SnapshotError, match="neither a folder nor a readable ZIP file"):
        lines(path)


def test_a_zip_with_a_damaged_table_names_it(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**BOTH, CONTACTS: b'{"_id":"c1"}\n' * 100})
    data = bytearray(path.read_bytes())
    at = data.index(CONTACTS.encode()) + len(CONTACTS) + 5
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    with pytest.raises(SnapshotError, match=f"{CONTACTS} is broken: "):
        lines(path)


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, BOTH)
    data = path.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    path.write_bytes(data.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"))
    with pytest.raises(SnapshotError, match="encrypted"):
        lines(path)


def test_blank_lines_count_but_are_no_lines(tmp_path: Path) -> None:
    found = lines(zipped(tmp_path, {**BOTH, CONTACTS: b'\n{"a":1}\r\n  \n\r\n{"a":2}'}))
    assert [(line.number, line.document, line.end) for line in found] == [
        (2, {"a": 1}, 10),
        (5, {"a": 2}, 22),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert problems(tmp_path, b'\xef\xbb\xbf{"a":1}\n') == []


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    content = b'{"a":1}\nnot json\n[]\n{"a":\xff}\n{"a":2}\n'
    found = problems(tmp_path, content)
    assert [number for number, _ in found] == [2, 3, 4]
    assert found[0][1] == "no JSON: Expecting value at column 1"


def test_a_reason_shows_nothing_of_the_line(tmp_path: Path) -> None:
    assert "secret" not in repr(problems(tmp_path, b'{"meta_access_token": "secret", }\nsecret\n'))


def test_a_line_shows_nothing_of_its_document() -> None:
    assert "secret" not in repr(Line("f", 1, 1, {"meta_access_token": "secret"}))


def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**BOTH, CONTACTS: b'{"a":"' + b"x" * (40 * 1024**2) + b'"}\n{"a":1}\n'})
    tracemalloc.start()
    try:
        found = lines(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(line.number, line.problem, line.document) for line in found] == [
        (1, "longer than 4 MB", None),
        (2, "", {"a": 1}),
    ]
    assert peak < 3 * MAX_LINE_BYTES


def test_a_line_without_end_at_the_end(tmp_path: Path) -> None:
    assert problems(tmp_path, b'{"a":1}\n' + b"x" * (MAX_LINE_BYTES + 1)) == [(2, "longer than 4 MB")]
    assert problems(tmp_path, b"x" * (MAX_LINE_BYTES - 1) + b"\n")[0][1].startswith("no JSON")

"""Packs tests/data/snapshot/ into tests/data/snapshot.zip, always with the same bytes.

python tests/data/make_snapshot.py
"""

import io
import zipfile
from pathlib import Path

DATA = Path(__file__).parent
SOURCE = DATA / "snapshot"
ARCHIVE = DATA / "snapshot.zip"
PACKED_AT = (2026, 1, 5, 12, 0, 0)


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(each for each in SOURCE.rglob("*") if each.is_file()):
            info = zipfile.ZipInfo(path.relative_to(SOURCE).as_posix(), PACKED_AT)
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


if __name__ == "__main__":
    ARCHIVE.write_bytes(packed())

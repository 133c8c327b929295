"""Import of a CRM's data from a Convex snapshot export.

    reader.py      the ZIP or folder, table by table, line by line
    values.py      JSON as Convex writes it -> values as DynamoDB keeps them
    documents.py   one Convex document -> one workspace or contact, or what is wrong with it
    merge.py       two records of one contact (or workspace) -> one
    load.py        all of it together: `import_snapshot`
    workspaces.py  contacts.py  drafts.py    a batch of lines -> the tables
    store.py       a table's reads and conditional writes
    tokens.py      Kapso tokens, into SSM
    patience.py    waiting where AWS is too busy
    report.py      what came of it
    writer.py      documents -> a snapshot's folder

Reader, values, documents and merge make no request.
"""

from background_sync_ops.snapshot.load import ImportTarget, import_snapshot
from background_sync_ops.snapshot.reader import SnapshotError
from background_sync_ops.snapshot.report import ImportReport, Progress, Remark, Written

__all__ = [
    "ImportReport",
    "ImportTarget",
    "Progress",
    "Remark",
    "SnapshotError",
    "Written",
    "import_snapshot",
]

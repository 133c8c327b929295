"""Import of a CRM's data from a Convex snapshot export.

    archive.py     the files of the ZIP or folder
    lines.py       the lines of a file without blank ones
    export.py      their tables, read line by line, or written
    values.py      JSON as Convex writes it -> values as DynamoDB stores them
    schema.py      what the values of an older export stand for
    fields.py      leaves out single fields that cannot be stored, and secrets
    shape.py       the known fields of an object
    documents.py   one Convex document -> one workspace or contact, or what is wrong with it
    merge.py       two records of one contact or workspace -> one
    loaders.py     a batch of lines -> the tables
    table.py       a table's reads and conditional writes
    tokens.py      Kapso tokens -> SSM
    retries.py     retries while AWS is too busy
    report.py      the result
    load.py        all of it together: `import_snapshot`

Those above `loaders.py` make no requests to AWS.
"""

from background_sync_ops.snapshot.archive import SnapshotError
from background_sync_ops.snapshot.export import write_snapshot
from background_sync_ops.snapshot.load import ImportTarget, import_snapshot
from background_sync_ops.snapshot.report import ImportProgress, ImportReport, Reason, Remark, Written
from background_sync_ops.snapshot.retries import Throttled

__all__ = [
    "ImportProgress",
    "ImportReport",
    "ImportTarget",
    "Reason",
    "Remark",
    "SnapshotError",
    "Throttled",
    "Written",
    "import_snapshot",
    "write_snapshot",
]

"""Loads a snapshot: first the workspaces, then their contacts, a hundred lines at a time.

Other writers lose nothing: every write depends on what was read, and starts again from the new state if that
has changed.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from background_sync.records.contacts import JUDGED
from background_sync_ops.snapshot.export import CONTACTS, TABLES, WORKSPACES, Line, open_snapshot
from background_sync_ops.snapshot.loaders import ContactLoader, WorkspaceLoader
from background_sync_ops.snapshot.report import ImportProgress, ImportReport, Remark
from background_sync_ops.snapshot.table import Table
from background_sync_ops.snapshot.tokens import TokenStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient

BATCH_LINES = 100
BATCH_BYTES = 4 * 1024 * 1024
THREADS = 8


@dataclass(frozen=True, kw_only=True)
class ImportTarget:
    """The tables, tokens and time (ms) of a stack. `THREADS` threads use the clients at once.

    The names of all token parameters begin with `token_parameter_prefix`, which ends with a slash.
    """

    dynamodb: "DynamoDBClient"
    ssm: "SSMClient"
    workspaces_table: str
    contacts_table: str
    token_parameter_prefix: str
    now: int


def import_snapshot(
    path: Path,
    target: ImportTarget,
    progress: Callable[[ImportProgress], None] = lambda _: None,
    *,
    keep_secrets: bool = False,
    on_remark: Callable[[Remark], None] = lambda _: None,
) -> ImportReport:
    """Load the snapshot at `path`, a ZIP file or a folder, and merge it into what is stored.

    A line that cannot be loaded is reported, and all others are loaded. `progress` is called after every
    batch, `on_remark` with every remark. With `keep_secrets`, fields that look like secrets are stored.

    Raises:
        SnapshotError: the snapshot as a whole cannot be read. What was loaded before stays.
        Throttled, botocore's ClientError and BotoCoreError: AWS cannot be read or written.
    """
    with open_snapshot(path) as snapshot, ThreadPoolExecutor(THREADS) as pool:
        report = ImportReport(on_remark=on_remark)
        tokens = TokenStore(target.ssm, target.token_parameter_prefix)
        workspaces = WorkspaceLoader(_workspaces_table(target), pool, report, keep_secrets, tokens)
        contacts = ContactLoader(_contacts_table(target), pool, report, keep_secrets, workspaces, target.now)
        done, total = 0, sum(map(snapshot.size, TABLES))
        # Workspaces come first, because a contact is only loaded into a workspace that exists.
        for table, load in ((WORKSPACES, workspaces.load), (CONTACTS, contacts.load)):
            for batch in _in_batches(snapshot.lines(table)):
                load(batch)
                # A file that has grown since it was opened must not lead to more than 100 %.
                progress(ImportProgress(table, min(done + batch[-1].end, total), total))
            done += snapshot.size(table)
            progress(ImportProgress(table, done, total))
        report.tokens_stored = tokens.stored
        report.sort()
        return report


def _workspaces_table(target: ImportTarget) -> Table:
    return Table(
        client=target.dynamodb,
        name=target.workspaces_table,
        key=("workspace_id",),
        # It decides which record is newer.
        guarded=("updated_at",),
    )


def _contacts_table(target: ImportTarget) -> Table:
    return Table(
        client=target.dynamodb,
        name=target.contacts_table,
        key=("workspace_id", "contact_id"),
        # What the rules and the merge judge.
        guarded=(*JUDGED, "activity_at", "convex_id", "notes"),
    )


def _in_batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Batches that are limited in lines and in bytes, so that memory does not grow with the snapshot."""
    batch: list[Line] = []
    start = 0
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_LINES or line.end - start >= BATCH_BYTES:
            yield batch
            batch, start = [], line.end
    if batch:
        yield batch

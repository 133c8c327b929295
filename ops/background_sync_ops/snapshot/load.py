"""Loads a snapshot: first its workspaces, then their contacts, a hundred lines at a time.

Whoever else writes meanwhile loses nothing: every write depends on what was read, and is made again from
what is there when that has changed. Only contacts that are new in a workspace that this very import made are
written in batches, without a condition: nobody can be at work on them yet.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from background_sync_ops.snapshot import contacts, workspaces
from background_sync_ops.snapshot.contacts import Contacts
from background_sync_ops.snapshot.reader import Line, Snapshot, open_snapshot
from background_sync_ops.snapshot.report import ImportReport, Progress, Tally
from background_sync_ops.snapshot.store import Table
from background_sync_ops.snapshot.tokens import TokenStore
from background_sync_ops.snapshot.workspaces import Workspaces

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient

WORKSPACES = "workspaces"
CONTACTS = "contacts"
BATCH_LINES = 100
BATCH_BYTES = 4 * 1024 * 1024
THREADS = 8


@dataclass(frozen=True)
class ImportTarget:
    """Where to. The clients are used from `THREADS` threads at once.

    `token_parameter_prefix` is what the names of all tokens' parameters begin with, its last slash included.
    """

    dynamodb: "DynamoDBClient"
    ssm: "SSMClient"
    workspaces_table: str
    contacts_table: str
    token_parameter_prefix: str


def import_snapshot(
    path: Path, target: ImportTarget, progress: Callable[[Progress], None] | None = None
) -> ImportReport:
    """Load the snapshot at `path`, a ZIP file or a folder; what is there already is merged, never lost.

    A line that cannot be loaded stops nothing: it is in the report. `progress` is called after every batch.

    Raises:
        SnapshotError: the snapshot as a whole cannot be read. What was loaded before stays.
        Throttled, botocore's ClientError and BotoCoreError: AWS cannot be read or written.
    """
    with open_snapshot(path, (WORKSPACES, CONTACTS)) as snapshot, ThreadPoolExecutor(THREADS) as pool:
        tally = Tally()
        tokens = TokenStore(target.ssm, target.token_parameter_prefix)
        workspace_loader = Workspaces(_workspaces_table(target), tokens, pool, tally)
        contact_loader = Contacts(_contacts_table(target), workspace_loader, pool, tally)
        read = _Reader(snapshot, progress or (lambda _: None))
        for batch in read.table(WORKSPACES):
            workspace_loader.load(batch)
        for batch in read.table(CONTACTS):
            contact_loader.load(batch)
        return tally.report(tokens.stored)


def _workspaces_table(target: ImportTarget) -> Table:
    return Table(target.dynamodb, target.workspaces_table, workspaces.KEY, workspaces.GUARDED)


def _contacts_table(target: ImportTarget) -> Table:
    return Table(target.dynamodb, target.contacts_table, contacts.KEY, contacts.GUARDED)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Lines in batches that are small in number and in bytes, telling how far they have come."""

    snapshot: Snapshot
    progress: Callable[[Progress], None]

    def table(self, table: str) -> Iterator[list[Line]]:
        """The batches of one table."""
        for batch in _in_batches(self.snapshot.lines(table)):
            yield batch
            self._tell(table, batch[-1].end)
        self._tell(table, self.snapshot.size(table))

    def _tell(self, table: str, done: int) -> None:
        before = 0 if table == WORKSPACES else self.snapshot.size(WORKSPACES)
        total = self.snapshot.size(WORKSPACES) + self.snapshot.size(CONTACTS)
        self.progress(Progress(table, min(before + done, total), total))


def _in_batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    start = 0
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_LINES or line.end - start >= BATCH_BYTES:
            yield batch
            batch, start = [], line.end
    if batch:
        yield batch

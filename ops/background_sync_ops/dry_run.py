"""A run that writes nothing: the reconciler's own code works on a copy, and asks Kapso as it always does.

The copy is on an engine of this machine that ends with the command: the workspace, its contacts, who was
forgotten, and what is left of its key's requests. Its counts and stamps are then those of a run, and the
stack has not changed.
"""

import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from boto3.dynamodb.table import BatchWriter

from background_sync.clock import Deadline
from background_sync.messages import RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records.budgets import RATE_PREFIX
from background_sync.records.database import Database
from background_sync.records.forgotten import Forgotten, erased
from background_sync.records.runs import COMPLETED, Run, find
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync.status.history import RUN_FIELDS
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import JobContext, Kapso, run_job
from background_sync.telemetry import logger
from background_sync.tokens import Tokens
from background_sync_ops.contacts import contact_records
from background_sync_ops.errors import CommandError
from background_sync_ops.stack.clients import REGION
from background_sync_ops.stack.engine_process import Engine
from background_sync_ops.stack.state import StackInfo
from background_sync_ops.stored import items_of
from background_sync_ops.target import Target, local_target
from background_sync_ops.workspaces import find_active_workspace

INVOCATION_MS = 15 * MINUTE_MS
KEPT = ("AttributeDefinitions", "KeySchema")
KEPT_OF_INDEX = ("IndexName", "KeySchema", "Projection")
CHANGES = {
    "flagged": "flagged_at",
    "repaired": "repaired_at",
    "created": "created_by_run",
    "renamed": "renamed_at",
    "identity_changed": "identity_changed_at",
}
"""What a run does to a contact, and the attribute that then holds the run's time."""
Document = dict[str, Any]


@dataclass(frozen=True)
class DryRuns:
    """Runs on copies. `copies` is the engine, which has the tables of `target` without their items."""

    target: Target
    source: Database
    copies: Target

    def run(self, workspace_id: str, run_at: int, timeout_s: float) -> Document:
        """What a run of the workspace at `run_at` (ms) would come to: its record, and ids by `CHANGES`.

        Raises `CommandError`.
        """
        workspace = find_active_workspace(self.target, self.source, workspace_id)
        self._copy(workspace_id, str(workspace["kapso_token_parameter"]).rpartition("/")[2])
        database = self.copies.connect()
        run = self._completed(database, Message(RUN, workspace_id, run_at), timeout_s)
        changed: dict[str, list[str]] = {name: [] for name in CHANGES}
        for contact in contact_records(database, workspace_id):
            is_new = contact.get(CHANGES["created"]) == run_at
            for name, stamp in CHANGES.items():
                # A new contact has the stamp of a repair, too.
                if contact.get(stamp) == run_at and not (is_new and name == "repaired"):
                    changed[name].append(str(contact["contact_id"]))
        return {**{name: getattr(run, name) for name in RUN_FIELDS}, "contacts": changed}

    def _copy(self, workspace_id: str, key_name: str) -> None:
        tables = self.source.tables
        self._copy_items(tables.workspaces, workspace_id)
        self._copy_items(tables.contacts, workspace_id)
        self._copy_items(tables.contacts, erased(workspace_id))
        self._copy_items(tables.sync_health, RATE_PREFIX + key_name)

    def _copy_items(self, table: str, partition: str) -> None:
        with BatchWriter(table, self.copies.client("dynamodb")) as copy:
            for item in items_of(self.source, table, partition):
                copy.put_item(Item=dict(item))

    def _completed(self, database: Database, message: Message, timeout_s: float) -> Run:
        """Work on the run until it is completed; a pause for its key's next minute is waited for."""
        clock, sqs = self.target.clock, self.copies.client("sqs")
        url = self.copies.outputs["WorkQueueUrl"]
        context = self._context(database, WorkQueue(url, clock, sqs))
        end = clock.now() + timeout_s * 1000
        while clock.now() < end:
            deadline = Deadline(clock, clock.now() + INVOCATION_MS)
            try:
                with _silent():
                    run_job(context, message, deadline, reconcile, first_delivery=True)
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
                raise CommandError(f"a run of {message.workspace_id} would fail: {text}") from error
            run = find(message.workspace_id, message.run_at)
            if run is not None and run.status == COMPLETED:
                return run
            while clock.now() < end and not _taken(sqs, url):
                pass
        raise CommandError(f"the dry run of {message.workspace_id} did not finish in time: set --timeout")

    def _context(self, database: Database, queue: WorkQueue) -> JobContext:
        target = self.target
        ssm = target.client("ssm")
        tokens = Tokens(target.outputs["TokenParameterPrefix"], target.clock, ssm)
        erasure_key = Tokens(target.outputs["ErasureKeyParameter"], target.clock, ssm)
        minutes = int(target.parameters.get("SweepIntervalMinutes", HOUR_MS // MINUTE_MS))
        return JobContext(
            database=database,
            queue=queue,
            clock=target.clock,
            kapso=Kapso(base_url=target.outputs["KapsoBaseUrl"], tokens=tokens),
            forgotten=Forgotten(database, erasure_key),
            lease_ms=INVOCATION_MS,
            interval_ms=minutes * MINUTE_MS,
            capacity_metered=False,
        )


@contextmanager
def dry_runs(target: Target) -> Iterator[DryRuns]:
    """An engine with empty copies of the tables of `target`."""
    with TemporaryDirectory(prefix="background-sync-") as folder:
        engine = Engine(0, Path(folder) / "engine.log")
        try:
            url = engine.wait_until_ready()
            info = StackInfo(engine.pid, url, url, "", REGION, target.outputs, 0)
            copies = replace(local_target(info), clock=target.clock)
            for name in ("WorkspacesTableName", "ContactsTableName", "SyncHealthTableName"):
                _create_table(target, copies, target.outputs[name])
            queue = copies.client("sqs").create_queue(QueueName="work")["QueueUrl"]
            outputs = {**target.outputs, "WorkQueueUrl": queue}
            yield DryRuns(target, target.connect(), replace(copies, outputs=outputs))
        finally:
            engine.close()


def _create_table(target: Target, copies: Target, table: str) -> None:
    found = target.client("dynamodb").describe_table(TableName=table)["Table"]
    indexes = [_only(each, KEPT_OF_INDEX) for each in found.get("GlobalSecondaryIndexes", [])]
    parameters: dict[str, Any] = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    copies.client("dynamodb").create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST", **_only(found, KEPT), **parameters
    )


def _only(document: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: document[name] for name in names}


def _taken(sqs: Any, url: str) -> bool:
    """Whether a follow-up message came within some seconds."""
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
    for each in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return bool(messages)


@contextmanager
def _silent() -> Iterator[None]:
    """A run's log and metrics are for CloudWatch, and would be mixed with the result."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)

"""Runs the dispatcher and the reconciler in this process, against a local engine and a clock of the test."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from background_sync.batch import RetryLater
from background_sync.clock import Deadline
from background_sync.messages import AUDIT, BACKFILL, RUN, Message, read_message
from background_sync.notices import Notices
from background_sync.queue import WorkQueue
from background_sync.records import runs, sweeps
from background_sync.records.contacts import contact_key, read_contact
from background_sync.records.database import Database
from background_sync.records.forgotten import Forgotten
from background_sync.records.sweeps import find_sweep
from background_sync.records.typed import deserialize
from background_sync.rules.contact import activity_index_value
from background_sync.rules.policy import HOUR_MS
from background_sync.status.history import SweepHistory
from background_sync.sync.audit import audit
from background_sync.sync.backfill import backfill
from background_sync.sync.deliver import Delivery, MessageHandler
from background_sync.sync.dispatch import Dispatched, Dispatcher, dispatch
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import JobContext, Kapso
from background_sync.tokens import Tokens

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z, the time at which most tests run
LEASE_MS, INVOCATION_MS = 150_000, 120_000
TABLES = ("workspaces", "contacts", "sync_health")
TOKEN_PREFIX = "/stack/kapso-tokens/"
ERASURE_KEY = "/stack/erasure/key"
ACTIVE = {"kapso_phone_id": "110987654321", "kapso_token_parameter": f"{TOKEN_PREFIX}abc"}
"""What makes a workspace active."""
serialize = TypeSerializer().serialize
_key_names: dict[str, list[str]] = {}


@dataclass
class TestClock:
    """A clock that the test moves; each reading moves it by `tick_ms`."""

    __test__ = False

    time: int = NOW
    tick_ms: int = 0

    def now(self) -> int:
        self.time += self.tick_ms
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


@dataclass
class Received:
    """A message taken from the queue; the test sets how often it was received."""

    body: str
    receipt_handle: str = "none"
    receive_count: int = 1

    @property
    def message(self) -> Message:
        return read_message(self.body, 2**53)


@dataclass
class World:
    """The tables, the queue and the clock, and what a test does with them."""

    database: Database
    queue: WorkQueue
    sqs: Any
    ssm: Any
    clock: TestClock
    acting: Callable[[str | None], AbstractContextManager[None]]
    kapso_url: str = "http://127.0.0.1:9"
    page_size: int | None = None
    segments: int = 1
    audit_enabled: bool = False
    interval_ms: int = HOUR_MS
    notices: Notices = field(default_factory=lambda: Notices(None, "stack"))
    invoked_itself: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database.clock = self.clock

    def clear(self) -> None:
        """Empty the tables and the queue, and set the clock to `NOW`."""
        for name in TABLES:
            self._clear_table(getattr(self.database.tables, name))
        self.sqs.purge_queue(QueueUrl=self.queue.url)  # removes messages in flight too
        sweeps._known_shards.clear()
        self.clock.time, self.clock.tick_ms = NOW, 0
        self.invoked_itself.clear()

    def _clear_table(self, table: str) -> None:
        client, keys = self.database.client, self._keys(table)
        for page in client.get_paginator("scan").paginate(TableName=table):
            deletes = [{"DeleteRequest": {"Key": {key: each[key] for key in keys}}} for each in page["Items"]]
            self._write(table, deletes)

    def _keys(self, table: str) -> list[str]:
        # Described once per process: every test clears all tables.
        if table not in _key_names:
            schema = self.database.client.describe_table(TableName=table)["Table"]["KeySchema"]
            _key_names[table] = [each["AttributeName"] for each in schema]
        return _key_names[table]

    def workspace(self, workspace_id: str = "w1", **attributes: object) -> str:
        """Put an active workspace; an attribute given as None is left out. Returns its id."""
        record = {"workspace_id": workspace_id, "name": workspace_id.upper(), **ACTIVE, **attributes}
        self._put(self.database.tables.workspaces, record)
        return workspace_id

    def change_workspace(self, **attributes: object) -> None:
        """Change attributes of `w1`, and leave the others as they are; None removes one."""
        self._put(self.database.tables.workspaces, {**self.workspace_record(), **attributes})

    def contact(
        self, contact_id: str, age_ms: int = 0, workspace_id: str = "w1", **attributes: object
    ) -> str:
        """Put a contact as the CRM writes it, last active `age_ms` before `NOW`. Returns its id."""
        keys = {"workspace_id": workspace_id, "contact_id": contact_id}
        record = {**keys, "lead_status": "new", "last_activity_at": NOW - age_ms, **attributes}
        record = {name: value for name, value in record.items() if value is not None}
        self._put(self.database.tables.contacts, {"activity_at": activity_index_value(record, NOW), **record})
        return contact_id

    def stale_contacts(self, count: int, workspace_id: str = "w1") -> list[str]:
        """Put contacts that are stale at `NOW`; the first has the oldest activity."""
        return [
            self.contact(f"6280{number:05d}", (count - number + 2) * HOUR_MS, workspace_id)
            for number in range(count)
        ]

    def _put(self, table: str, record: Mapping[str, object]) -> None:
        item = {name: serialize(value) for name, value in record.items() if value is not None}
        self.database.client.put_item(TableName=table, Item=item)

    def put_many(self, table: str, records: Iterable[Mapping[str, object]]) -> None:
        """Put records in bulk, as they are: None is stored as a null."""
        items = [{name: serialize(value) for name, value in record.items()} for record in records]
        self._write(table, [{"PutRequest": {"Item": item}} for item in items])

    def _write(self, table: str, requests: list[Any]) -> None:
        for start in range(0, len(requests), 25):
            self.database.client.batch_write_item(RequestItems={table: requests[start : start + 25]})

    def delete_contact(self, contact_id: str) -> None:
        key = contact_key("w1", contact_id)
        self.database.client.delete_item(TableName=self.database.tables.contacts, Key=key)

    def read(self, contact_id: str, workspace_id: str = "w1") -> dict[str, Any]:
        item = read_contact(self.database, workspace_id, contact_id)
        assert item is not None
        return deserialize(item)

    def items(self, table: str) -> list[dict[str, Any]]:
        pages = self.database.client.get_paginator("scan").paginate(TableName=table)
        return [deserialize(item) for page in pages for item in page["Items"]]

    def workspace_record(self, workspace_id: str = "w1") -> dict[str, Any]:
        """A workspace as stored, with what sync remembers about it."""
        records = self.items(self.database.tables.workspaces)
        [found] = [each for each in records if each["workspace_id"] == workspace_id]
        return found

    def contacts(self, workspace_id: str = "w1") -> dict[str, dict[str, Any]]:
        """A workspace's contacts as stored, by contact id."""
        records = self.items(self.database.tables.contacts)
        return {each["contact_id"]: each for each in records if each["workspace_id"] == workspace_id}

    def notes(self, contact_id: str) -> list[str]:
        return [each["content"] for each in self.contacts()[contact_id].get("notes", [])]

    def flagged(self) -> set[str]:
        records = self.items(self.database.tables.contacts)
        return {each["contact_id"] for each in records if "flagged_at" in each}

    def dispatch(self, run_at: int = NOW, *, resume: bool = False) -> Dispatched:
        self.clock.time = max(self.clock.time, run_at)
        dispatcher = Dispatcher(
            database=self.database,
            queue=self.queue,
            clock=self.clock,
            invoke_itself=self.invoked_itself.append,
            shards=4,
            segments=self.segments,
            audit_enabled=self.audit_enabled,
            interval_ms=self.interval_ms,
        )
        with self.acting("DispatcherRole"):
            return dispatch(dispatcher, run_at, self.deadline(900_000), resume=resume)

    def receive(self) -> list[Received]:
        taken, url = list[Received](), self.queue.url
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in found:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
                taken.append(Received(each["Body"], each["ReceiptHandle"]))
        return taken

    def deliver(self, received: Received) -> bool:
        """Deliver a message to the reconciler; returns whether it was acknowledged."""
        body, handle = received.body, received.receipt_handle
        delivery = Delivery(body=body, receipt_handle=handle, receive_count=received.receive_count)
        received.receive_count += 1
        try:
            with self.acting("ReconcilerRole"):
                self.handler().handle(delivery, self.deadline(INVOCATION_MS))
        except RetryLater:
            return False
        return True

    def handler(self) -> MessageHandler:
        work = {RUN: reconcile, AUDIT: audit, BACKFILL: backfill}
        return MessageHandler(context=self.job_context(), work=work, notices=self.notices)

    def job_context(self) -> JobContext:
        return JobContext(
            database=self.database,
            queue=self.queue,
            clock=self.clock,
            kapso=Kapso(base_url=self.kapso_url, tokens=Tokens(TOKEN_PREFIX, self.clock, self.ssm)),
            forgotten=self.forgotten(),
            lease_ms=LEASE_MS,
            interval_ms=self.interval_ms,
            capacity_metered=False,
            page_size=self.page_size,
        )

    def forgotten(self) -> Forgotten:
        return Forgotten(self.database, Tokens(ERASURE_KEY, self.clock, self.ssm))

    def deadline(self, left_ms: int) -> Deadline:
        return Deadline(self.clock, self.clock.time + left_ms)

    def run(
        self, workspace_id: str = "w1", run_at: int = NOW, receive_count: int = 1, kind: str = RUN
    ) -> bool:
        """Deliver one run's message at its time or later; returns whether it was acknowledged."""
        self.clock.time = max(self.clock.time, run_at)
        return self.deliver(message(kind, workspace_id, run_at, receive_count))

    def audit(self, workspace_id: str = "w1", run_at: int = NOW, receive_count: int = 1) -> bool:
        return self.run(workspace_id, run_at, receive_count, AUDIT)

    def work(self, deliveries: Sequence[Received] = ()) -> None:
        """Deliver `deliveries` and everything in the queue, until nothing is left."""
        waiting = [*deliveries, *self.receive()]
        for _ in range(100):
            if not waiting:
                return
            waiting = [each for each in waiting if not self.deliver(each)]
            self.clock.time += LEASE_MS if waiting else 0
            waiting += self.receive()
        raise AssertionError(f"{len(waiting)} messages are never acknowledged")

    def sweep(self, run_at: int = NOW) -> dict[str, Any]:
        """Run a complete sweep; returns its record and totals."""
        self.dispatch(run_at)
        self.work()
        return self.swept(run_at)

    def swept(self, run_at: int = NOW) -> dict[str, Any]:
        sweep = find_sweep(run_at)
        assert sweep is not None
        return SweepHistory(self.database).one(sweep)

    def next_hour(self, hours: int = 1) -> int:
        """Run `w1` in the sweep `hours` after `NOW`; returns its `run_at`."""
        run_at = NOW + hours * HOUR_MS
        assert self.run(run_at=run_at)
        return run_at

    def claim(self, run_at: int = NOW, partition: str = "w1") -> runs.Run:
        """Take the lease of a run, as another delivery would."""
        return runs.claim(partition, run_at, self.clock.now(), LEASE_MS, first_delivery=True)

    def record(self, workspace_id: str = "w1", run_at: int = NOW) -> runs.Run:
        """A run's record; `#audit#w1` names an audit's, `#backfill#w1` a backfill's."""
        run = runs.find(workspace_id, run_at)
        assert run is not None
        return run

    def counts(self, *names: str, run_at: int = NOW) -> tuple[int, ...]:
        record = self.record(run_at=run_at)
        return tuple(int(getattr(record, name)) for name in names)


def message(kind: str = RUN, workspace_id: str = "w1", run_at: int = NOW, receive_count: int = 1) -> Received:
    return Received(Message(kind, workspace_id, run_at).body(), receive_count=receive_count)

"""The use cases in this process, on a real engine over HTTP, at a time that the test sets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from background_sync.clock import Deadline
from background_sync.messages import AUDIT, BACKFILL, RUN, Message, read_message
from background_sync.queue import WorkQueue
from background_sync.records import runs, sweeps
from background_sync.records.contacts import read_contact
from background_sync.records.database import Database, deserialize, serialize
from background_sync.records.sweeps import find_sweep
from background_sync.rules.contact import activity_index_value
from background_sync.rules.policy import HOUR_MS
from background_sync.status.history import sweep_document
from background_sync.sync.audit import audit
from background_sync.sync.backfill import backfill
from background_sync.sync.deliver import Delivery, MessageHandler, RetryLater
from background_sync.sync.dispatch import Dispatched, Dispatcher, dispatch
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import JobContext, Kapso
from background_sync.tokens import Tokens

NOW = 1_767_225_600_000
"""The time that most tests are at: 2026-01-01T00:00:00Z."""
LEASE_MS = 150_000
INVOCATION_MS = 120_000
TABLES = ("workspaces", "contacts", "sync_health")
TOKEN_PREFIX = "/stack/kapso-tokens/"
_keys_of: dict[str, list[str]] = {}


@dataclass
class TestClock:
    """A clock that the test moves; every reading of it takes `tick_ms`."""

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
    """A message that was taken from the queue; the test says how often."""

    body: str
    receipt_handle: str
    receive_count: int = 1

    @property
    def message(self) -> Message:
        return read_message(self.body)


@dataclass
class World:
    """Tables, queue, clock, and what a test does with them."""

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
    invoked_itself: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database.clock = self.clock

    # ------------------------------------------------------------------ what is there

    def clear(self) -> None:
        """Empty tables and queue, the clock at `NOW`."""
        for name in TABLES:
            self._clear_table(getattr(self.database.tables, name))
        self.sqs.purge_queue(QueueUrl=self.queue.url)  # those in flight too
        sweeps._known_shards.clear()
        self.clock.time, self.clock.tick_ms = NOW, 0
        self.invoked_itself.clear()

    def _clear_table(self, table: str) -> None:
        client, keys = self.database.client, self._keys(table)
        for page in client.get_paginator("scan").paginate(TableName=table):
            items = page["Items"]
            for start in range(0, len(items), 25):
                deletes = [
                    {"DeleteRequest": {"Key": {key: item[key] for key in keys}}}
                    for item in items[start : start + 25]
                ]
                client.batch_write_item(RequestItems={table: deletes})  # type: ignore[dict-item]

    def _keys(self, table: str) -> list[str]:
        if table not in _keys_of:  # asked for once a process, and not before every test
            schema = self.database.client.describe_table(TableName=table)["Table"]["KeySchema"]
            _keys_of[table] = [each["AttributeName"] for each in schema]
        return _keys_of[table]

    def workspace(self, workspace_id: str = "w1", **attributes: object) -> str:
        """Put an active workspace; an attribute given as None is left out."""
        record = {
            "workspace_id": workspace_id,
            "name": workspace_id.upper(),
            "kapso_phone_id": "110987654321",
            "kapso_token_parameter": f"{TOKEN_PREFIX}abc",
            **attributes,
        }
        self._put(self.database.tables.workspaces, record)
        return workspace_id

    def contact(
        self, contact_id: str, age_ms: int = 0, workspace_id: str = "w1", **attributes: object
    ) -> str:
        """Put a contact whose last activity was `age_ms` before `NOW`, as the CRM's writes leave it."""
        record = {
            "workspace_id": workspace_id,
            "contact_id": contact_id,
            "lead_status": "new",
            "last_activity_at": NOW - age_ms,
            **attributes,
        }
        record = {name: value for name, value in record.items() if value is not None}
        self._put(self.database.tables.contacts, {"activity_at": activity_index_value(record), **record})
        return contact_id

    def stale_contacts(self, count: int, workspace_id: str = "w1") -> list[str]:
        """Put contacts that are stale at `NOW`, the first the longest."""
        return [
            self.contact(f"6280{number:05d}", (count - number + 2) * HOUR_MS, workspace_id)
            for number in range(count)
        ]

    def _put(self, table: str, record: Mapping[str, object]) -> None:
        item = {name: serialize(value) for name, value in record.items() if value is not None}
        self.database.client.put_item(TableName=table, Item=item)

    def put_many(self, table: str, records: Iterable[Mapping[str, object]]) -> None:
        """Put records in bulk, as they are; a null stays a null."""
        waiting = [{name: serialize(value) for name, value in record.items()} for record in records]
        for start in range(0, len(waiting), 25):
            puts: Any = [{"PutRequest": {"Item": item}} for item in waiting[start : start + 25]]
            self.database.client.batch_write_item(RequestItems={table: puts})

    def read(self, contact_id: str, workspace_id: str = "w1") -> dict[str, Any]:
        """A contact's judged attributes and notes, as plain values."""
        item = read_contact(self.database, workspace_id, contact_id)
        assert item is not None
        return deserialize(item)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, as plain values."""
        pages = self.database.client.get_paginator("scan").paginate(TableName=table)
        return [deserialize(item) for page in pages for item in page["Items"]]

    def flagged(self) -> set[str]:
        """The contacts that carry a flag time."""
        return {
            each["contact_id"] for each in self.items(self.database.tables.contacts) if "flagged_at" in each
        }

    # ------------------------------------------------------------------ what is done

    def dispatch(self, run_at: int = NOW, *, resume: bool = False) -> Dispatched:
        """Invoke the dispatcher."""
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
        """Take every visible message from the queue."""
        taken: list[Received] = []
        while found := self.sqs.receive_message(QueueUrl=self.queue.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in found:
                self.sqs.delete_message(QueueUrl=self.queue.url, ReceiptHandle=each["ReceiptHandle"])
                taken.append(Received(each["Body"], each["ReceiptHandle"]))
        return taken

    def deliver(self, received: Received) -> bool:
        """Deliver a message to the reconciler; whether it was acknowledged."""
        delivery = Delivery(
            body=received.body,
            receipt_handle=received.receipt_handle,
            receive_count=received.receive_count,
        )
        received.receive_count += 1
        try:
            with self.acting("ReconcilerRole"):
                self.desk().handle(delivery, self.deadline(INVOCATION_MS))
        except RetryLater:
            return False
        return True

    def desk(self) -> MessageHandler:
        """The reconciler's message handler, with this world's clock and page size."""
        return MessageHandler(
            context=self.job_context(), work={RUN: reconcile, AUDIT: audit, BACKFILL: backfill}
        )

    def job_context(self) -> JobContext:
        """What the reconciler's jobs work with."""
        return JobContext(
            database=self.database,
            queue=self.queue,
            clock=self.clock,
            kapso=Kapso(base_url=self.kapso_url, tokens=Tokens(TOKEN_PREFIX, self.clock, self.ssm)),
            lease_ms=LEASE_MS,
            capacity_metered=False,
            page_size=self.page_size,
        )

    def deadline(self, left_ms: int) -> Deadline:
        """An invocation that has `left_ms` from now."""
        return Deadline(self.clock, self.clock.time + left_ms)

    def run(self, workspace_id: str = "w1", run_at: int = NOW, receive_count: int = 1) -> bool:
        """Deliver one run's message; whether it was acknowledged."""
        return self.deliver(Received(Message(RUN, workspace_id, run_at).body(), "none", receive_count))

    def audit(self, workspace_id: str = "w1", run_at: int = NOW, receive_count: int = 1) -> bool:
        """Deliver one audit's message; whether it was acknowledged."""
        return self.deliver(Received(Message(AUDIT, workspace_id, run_at).body(), "none", receive_count))

    def work(self, deliveries: Sequence[Received] = ()) -> None:
        """Deliver `deliveries`, and what is in the queue, until nothing is left to deliver."""
        waiting = [*deliveries, *self.receive()]
        for _ in range(100):
            if not waiting:
                return
            waiting = [each for each in waiting if not self.deliver(each)]
            self.clock.time += LEASE_MS if waiting else 0
            waiting += self.receive()
        raise AssertionError(f"{len(waiting)} messages are never acknowledged")

    def sweep(self, run_at: int = NOW) -> dict[str, Any]:
        """A whole sweep; its record and totals."""
        self.clock.time = max(self.clock.time, run_at)
        self.dispatch(run_at)
        self.work()
        return self.swept(run_at)

    def swept(self, run_at: int = NOW) -> dict[str, Any]:
        """A sweep's record and totals as they are."""
        sweep = find_sweep(run_at)
        assert sweep is not None
        return sweep_document(sweep)

    def record(self, workspace_id: str = "w1", run_at: int = NOW) -> runs.Run:
        """A run's record."""
        run = runs.find(workspace_id, run_at)
        assert run is not None
        return run

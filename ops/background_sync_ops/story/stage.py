"""Where the story happens: the local stack with its intake, and Kapso. The story sets their time."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from background_sync.queue import WorkQueue
from background_sync.records.database import Database
from background_sync.records.runs import COMPLETED
from background_sync.records.workspaces import find_workspace
from background_sync.rules.policy import DAY_MS, REPAIR
from background_sync.rules.workspace import read_workspace
from background_sync_ops.connecting import connect, plan
from background_sync_ops.contacts import contact_records
from background_sync_ops.following import POLL_S, follow
from background_sync_ops.importing import import_target
from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from background_sync_ops.snapshot import import_snapshot, write_snapshot
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.story.people import DemoContact, contact_document
from background_sync_ops.story.results import SweepResult, sweep_result
from background_sync_ops.story.traffic import DemoMessage
from background_sync_ops.story.truth import Contacts, Missed, SweepEffect, activities, find_missed
from background_sync_ops.sweeping import SweepMonitor, SweepOutcome, dispatch, sweep_outcome
from background_sync_ops.target import Target, running_target
from background_sync_ops.webhooks import webhook_client

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
WORKSPACE = "demo-harbor-coffee"
PHONE_ID = "104500000000001"
# The first sweep compares every message that was ever written.
LOOKBACK_MS = 30 * DAY_MS
DELIVERY_DELAY_MS = 3_000
SWEEP_TIMEOUT_S = 90


class StoryError(Exception):
    """The story cannot go on. The message says why."""


@dataclass
class StoryClock:
    """The time of Kapso, in ms since the epoch. It never goes back."""

    time: int

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)

    def advance_to(self, at: int) -> None:
        self.time = max(self.time, at)


class Stage:
    """One workspace and its number in Kapso. At the end of the context, everything is removed.

    `last_messages` holds the newest message of each contact id in Kapso (ms).
    """

    kapso: KapsoServer
    stack: LocalStack

    def __init__(self, seed: int, key: str, begin: int) -> None:
        """`key` is the workspace's token; the story begins at `begin` (ms)."""
        self.clock = StoryClock(begin)
        self.store = KapsoStore(seed)
        self.last_messages: dict[str, int] = {}
        self._key = key
        self._people: dict[str, Person] = {}
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def _start(self, resources: ExitStack) -> None:
        self._folder = Path(resources.enter_context(TemporaryDirectory(prefix="background-sync-demo-")))
        self.store.add_number(PHONE_ID, self._key)
        self.kapso = resources.enter_context(KapsoServer(self.store, self.clock.now))
        parameters = {"KapsoBaseUrl": self.kapso.url, "AuditEnabled": "false", "Intake": "on"}
        stack = LocalStack(TEMPLATE, state_dir=self._folder / "stack", parameters=parameters)
        self.stack = resources.enter_context(stack)
        self._database = self.target.connect()
        self._database.clock = self.clock
        self.stack.start_delivery()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    @property
    def target(self) -> Target:
        return running_target(self.stack.state_dir)

    # ---------------------------------------------------------------- contacts and messages

    def import_contacts(self, contacts: Sequence[DemoContact]) -> None:
        """Import contacts and their last messages. The webhook comes last: it reports only later ones."""
        for contact in contacts:
            if contact.last_wrote_at is not None:
                self._write(DemoMessage(contact.last_wrote_at, contact, "inbound"))
        report = import_snapshot(self._write_snapshot(contacts), import_target(self.target))
        if report.bad:
            raise StoryError(f"some contacts could not be imported: {report.bad}")
        self.connect()

    def _write_snapshot(self, contacts: Sequence[DemoContact]) -> Path:
        workspace = {
            "_id": WORKSPACE,
            "name": "Harbor Coffee Roasters",
            "kapso_phone_id": PHONE_ID,
            "meta_access_token": self._key,
            "settings": {"verify": REPAIR, "verify_lookback_ms": LOOKBACK_MS},
        }
        documents = [contact_document(WORKSPACE, contact) for contact in contacts]
        return write_snapshot(self._folder / "snapshot", {"workspaces": [workspace], "contacts": documents})

    def send(self, message: DemoMessage) -> None:
        """Write a message, and deliver every webhook that is due by then."""
        self.clock.advance_to(message.at + DELIVERY_DELAY_MS)
        self._write(message)
        self.kapso.courier.deliver_pending()

    def _write(self, message: DemoMessage) -> None:
        contact_id = message.contact.contact_id
        self.store.message(PHONE_ID, self._person(message.contact), message.direction, message.at)
        self.last_messages[contact_id] = max(message.at, self.last_messages.get(contact_id, 0))

    def _person(self, contact: DemoContact) -> Person:
        if contact.contact_id not in self._people:
            self._people[contact.contact_id] = self.store.add_person(
                contact.phone, business_scoped_user_id=contact.business_scoped_user_id, name=contact.name
            )
        return self._people[contact.contact_id]

    def missed(self) -> Missed:
        """What the table lacks, once everything received is recorded."""
        queue = WorkQueue(self.stack.outputs["IntakeQueueUrl"], self.clock, self.stack.client("sqs"))
        deadline = time.monotonic() + SWEEP_TIMEOUT_S
        while not queue.is_empty():
            if time.monotonic() > deadline:
                raise StoryError(f"the recorder did not finish within {SWEEP_TIMEOUT_S} s")
            time.sleep(POLL_S)
        return find_missed(self.last_messages, activities(self._contacts(), self.clock.now()))

    def deliveries(self, *, arrived: bool) -> int:
        """Deliveries that were attempted and arrived, or did not."""
        log = [each for each in self.store.deliveries(PHONE_ID) if each.attempt_count]
        return sum((each.delivered_at is not None) is arrived for each in log)

    # ---------------------------------------------------------------- sync

    def sweep(self, at: int) -> tuple[SweepResult, SweepEffect]:
        """Sweep at `at` (ms), and compare what it found with what was missed.

        Raises:
            StoryError: the sweep did not finish, or its run failed.
        """
        self.clock.advance_to(at)
        self.set_time(at)
        missed, before, requests_before = self.missed(), self._contacts(), len(self.kapso.requests)
        run = self._run(at)
        effect = SweepEffect(at, before, self._contacts())
        requests = len(self.kapso.requests) - requests_before
        return sweep_result(run, requests, effect, missed, self.last_messages), effect

    def _run(self, at: int) -> dict[str, Any]:
        outcome = _sweep(self.target, self._database, at)
        if not outcome.finished:
            raise StoryError(f"the sweep did not finish within {SWEEP_TIMEOUT_S} s")
        [run] = outcome.runs
        if run["status"] != COMPLETED:
            raise StoryError(f"the run failed: {run['error']}")
        return run

    def _contacts(self) -> Contacts:
        return {str(each["contact_id"]): each for each in contact_records(self._database, WORKSPACE)}

    def set_time(self, at: int) -> None:
        """Set the functions' clock; they start anew, so they have no secret of before."""
        self.stack.set_clock(at - time.time_ns() // 1_000_000)

    def connect(self) -> None:
        """Lead the messages to the intake, as `background-sync webhooks --connect` does."""
        record = find_workspace(self._database, WORKSPACE)
        if record is None:
            raise StoryError(f"there is no workspace {WORKSPACE}")
        target = self.target
        client = webhook_client(target)
        connect(target, client, plan(target, client, read_workspace(record, target.clock.now())))

    def lose_secret(self) -> None:
        """Somebody overwrites the secret in SSM, so the intake refuses every webhook."""
        name = self.stack.outputs["SecretParameterPrefix"] + WORKSPACE
        self.stack.client("ssm").put_parameter(
            Name=name, Value="of another stage", Type="SecureString", Overwrite=True
        )


def _sweep(target: Target, database: Database, run_at: int) -> SweepOutcome:
    monitor = SweepMonitor.before_dispatch(database, run_at)
    dispatch(target, {"run_at": run_at})
    *_, last = follow(monitor.look, target.clock, SWEEP_TIMEOUT_S)
    return sweep_outcome(run_at, last, target.clock, every_run=True)

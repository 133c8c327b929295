"""What the story is played on: the local stack, Kapso and a CRM on this machine, at a time that it sets."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from background_sync.records.database import Database
from background_sync.records.runs import COMPLETED
from background_sync.records.workspaces import find_workspace
from background_sync.rules.policy import DAY_MS, REPAIR
from background_sync.rules.workspace import read_workspace
from background_sync_ops.contacts import contact_records
from background_sync_ops.following import follow
from background_sync_ops.importing import import_target
from background_sync_ops.kapso import KapsoServer, KapsoStore, Person
from background_sync_ops.snapshot import import_snapshot, write_snapshot
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.story.crm import Crm
from background_sync_ops.story.numbers import Found, found
from background_sync_ops.story.people import Somebody, contact_document
from background_sync_ops.story.traffic import Line
from background_sync_ops.story.truth import Contacts, Effect, missed
from background_sync_ops.sweeping import SweepMonitor, SweepOutcome, dispatch, sweep_outcome
from background_sync_ops.target import Target, running_target
from background_sync_ops.webhooks import webhook_client

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
WORKSPACE = "demo-harbor-coffee"
PHONE_ID = "104500000000001"
LOOKBACK_MS = 30 * DAY_MS
"""How far the first comparison looks back: over all that was ever said here."""
ARRIVES_AFTER_MS = 3_000
SWEEP_TIMEOUT_S = 90


class StoryError(Exception):
    """The story cannot be told to its end; the message says why."""


@dataclass
class Clock:
    """The time of Kapso and the CRM, in ms; it never goes back."""

    time: int

    def now(self) -> int:
        """The time in ms since the epoch."""
        return self.time

    def move_to(self, at: int) -> None:
        """Let it be `at`, or later."""
        self.time = max(self.time, at)


class Stage:
    """One workspace, its number in Kapso and its CRM, from `with` to its end; then nothing of it is left.

    `said` has the newest message of each person (ms), as Kapso knows it.
    """

    kapso: KapsoServer
    stack: LocalStack
    crm: Crm
    webhook_id: str

    def __init__(self, seed: int, key: str, begin: int) -> None:
        """`key` is the workspace's token; the story begins at `begin` (ms)."""
        self.clock = Clock(begin)
        self.store = KapsoStore(seed)
        self.said: dict[str, int] = {}
        self._key, self._secret_key = key, f"secret-of-{key}"
        self._persons: dict[str, Person] = {}
        self._resources = ExitStack()

    # ---------------------------------------------------------------- up and down

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def _start(self, resources: ExitStack) -> None:
        self._folder = Path(resources.enter_context(TemporaryDirectory(prefix="background-sync-demo-")))
        self.store.add_number(PHONE_ID, self._key)
        self.kapso = resources.enter_context(KapsoServer(self.store, self.clock.now))
        parameters = {"KapsoBaseUrl": self.kapso.url, "AuditEnabled": "false"}
        stack = LocalStack(TEMPLATE, state_dir=self._folder / "stack", parameters=parameters)
        self.stack = resources.enter_context(stack)
        self._database: Database = self.target.connect()
        crm = Crm(self._database, WORKSPACE, self._secret_key, self.clock.now)
        self.crm = resources.enter_context(crm)
        self.stack.start_delivery()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    @property
    def target(self) -> Target:
        """The stack, at its time."""
        return running_target(self.stack.state_dir)

    # ---------------------------------------------------------------- who is there

    def settle(self, people: Sequence[Somebody]) -> None:
        """Import those whom the CRM knows, with what they wrote in Kapso; from now on the webhook tells."""
        for somebody in people:
            if somebody.wrote_at is not None:
                self._write(Line(somebody.wrote_at, somebody, "inbound"))
                self.crm.heard[somebody.contact_id] = somebody.wrote_at
        report = import_snapshot(self._snapshot(people), import_target(self.target))
        if report.bad:
            raise StoryError(f"people that could not be imported: {report.bad}")
        webhook = self.store.add_webhook(PHONE_ID, self.crm.url, secret_key=self._secret_key)
        self.webhook_id = webhook.id

    def _snapshot(self, people: Iterable[Somebody]) -> Path:
        workspace = {
            "_id": WORKSPACE,
            "name": "Harbor Coffee Roasters",
            "kapso_phone_id": PHONE_ID,
            "meta_access_token": self._key,
            "settings": {"verify": REPAIR, "verify_lookback_ms": LOOKBACK_MS},
        }
        contacts = [contact_document(WORKSPACE, somebody) for somebody in people]
        return write_snapshot(self._folder / "snapshot", {"workspaces": [workspace], "contacts": contacts})

    # ---------------------------------------------------------------- what happens

    def say(self, lines: Iterable[Line]) -> Iterator[None]:
        """Let each message be written, and Kapso send what is due by then."""
        for line in lines:
            self.clock.move_to(line.at + ARRIVES_AFTER_MS)
            self._write(line)
            self.kapso.courier.deliver_pending()
            yield

    def _write(self, line: Line) -> None:
        self.store.message(PHONE_ID, self._person(line.who), line.direction, line.at)
        self.said[line.who.contact_id] = max(line.at, self.said.get(line.who.contact_id, 0))

    def _person(self, who: Somebody) -> Person:
        if who.contact_id not in self._persons:
            bsuid = who.business_scoped_user_id
            self._persons[who.contact_id] = self.store.add_person(
                who.phone, business_scoped_user_id=bsuid, name=who.name
            )
        return self._persons[who.contact_id]

    def refused(self) -> int:
        """How many deliveries were attempted in vain."""
        log = self.store.deliveries(PHONE_ID)
        return sum(each.attempt_count > 0 and each.delivered_at is None for each in log)

    # ---------------------------------------------------------------- sync

    def sweep(self, at: int) -> tuple[Found, Effect]:
        """Sweep at `at` (ms), and hold what it found against what was missed.

        Raises:
            StoryError: it did not finish, or its run failed.
        """
        self.clock.move_to(at)
        self.stack.set_clock(at - time.time_ns() // 1_000_000)
        planted, before, asked = missed(self.said, self.crm.heard), self.contacts(), len(self.kapso.requests)
        run = self._run(at)
        effect, requests = Effect(at, before, self.contacts()), len(self.kapso.requests) - asked
        self.crm.heard |= {who: self.said[who] for who in planted.everybody}
        return found(run, requests, effect, planted, self.said), effect

    def _run(self, at: int) -> dict[str, Any]:
        swept = _swept(self.target, self._database, at)
        if not swept.finished:
            raise StoryError(f"the sweep did not finish within {SWEEP_TIMEOUT_S} s")
        [run] = swept.runs
        if run["status"] != COMPLETED:
            raise StoryError(f"the run failed: {run['error']}")
        return run

    def contacts(self) -> Contacts:
        """The workspace's contacts as they are now, by id."""
        return {str(each["contact_id"]): each for each in contact_records(self._database, WORKSPACE)}

    def resume_webhook(self) -> None:
        """Switch the webhook on, as `background-sync webhooks --resume` does."""
        record = find_workspace(self._database, WORKSPACE)
        if record is None:
            raise StoryError(f"there is no workspace {WORKSPACE}")
        webhook_client(self.target).resume(read_workspace(record), self.webhook_id)


def _swept(target: Target, database: Database, run_at: int) -> SweepOutcome:
    monitor = SweepMonitor.before_dispatch(database, run_at)
    dispatch(target, {"run_at": run_at})
    *_, last = follow(monitor.look, target.clock, SWEEP_TIMEOUT_S)
    return sweep_outcome(run_at, last, target.clock, every_run=True)

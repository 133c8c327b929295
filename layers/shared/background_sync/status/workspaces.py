"""How sync is doing for each workspace, one page of workspaces at a time.

    scan a page of workspaces ─> read their last runs, by key ─> derive the states ─> keep those in a state

What a page costs does not depend on the size of the tables: a query for the newest sweeps, a scan of at most
`EXAMINED` workspaces, a batch read for each hundred keys of runs, and a query for each workspace that is
listed and whose last run did not succeed. The pages together read the whole table of workspaces.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pynamodb.expressions.operand import Path

from background_sync.clock import Clock
from background_sync.records.batches import read_many
from background_sync.records.database import Database, partition, query, run_key
from background_sync.records.runs import COMPLETED, FAILED, RUNNING
from background_sync.records.sweeps import latest_sweeps
from background_sync.records.typed import deserialize
from background_sync.records.workspaces import scan_page
from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.rules.policy import BOUNDS, VERIFY, bounds_text, read_policy, read_verify
from background_sync.rules.reception import LOST
from background_sync.rules.times import latest_own, remembered_time
from background_sync.rules.values import to_int, valid_text
from background_sync.rules.webhooks import NOT_WORKING
from background_sync.rules.workspace import known_reception, skip_reason
from background_sync.status.history import Document

Record = Mapping[str, object]
FAILING = "failing"
DEFERRED = "deferred"
WEBHOOK_OFF = "webhook_off"
RECEPTION_LOST = "reception_lost"
INVALID_SETTINGS = "invalid_settings"
INACTIVE = "inactive"
NEVER_RUN = "never_run"
STATES = (FAILING, RECEPTION_LOST, DEFERRED, WEBHOOK_OFF, INVALID_SETTINGS, INACTIVE, NEVER_RUN)
"""The worst first."""
EXAMINED = 100
"""How many workspaces a request for a state examines. Its page may list few of them or none, although there
are more."""
SWEEPS = 2
"""The newest sweep may still be under way, so a workspace's last run may belong to the one before."""
RUNS_SEARCHED = 24
"""Among how many of a workspace's runs the last success is searched: a day of hourly sweeps."""
WORKSPACE_FIELDS = (
    "workspace_id",
    "name",
    "kapso_phone_id",
    "kapso_token_parameter",
    "settings",
    "latest_run_at",
    "watermark",
    "webhook",
    "webhook_missing",
    "webhook_since",
    "reception",
    "reception_at",
    "reception_phone_id",
)
RESULTS = ("stale_found", "flagged", "repaired", "created")
RUN_FIELDS = (
    "workspace_id",
    "run_at",
    "status",
    "error",
    "deferred",
    "deferred_why",
    "superseded",
    "skipped",
    *RESULTS,
)


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the id after which the next page begins, None at the end."""

    workspaces: list[Document]
    after: str | None


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """`interval_ms` is the time between two sweeps."""

    database: Database
    clock: Clock
    interval_ms: int

    def page(self, limit: int, after: str | None = None, state: str | None = None) -> Page:
        """At most `limit` workspaces after the id `after`, in no particular order; only those in `state`."""
        found = scan_page(self.database, WORKSPACE_FIELDS, limit if state is None else EXAMINED, after)
        listed: list[Document] = []
        for number, document in enumerate(self._documents(found.records), 1):
            if state is None or state in document["states"]:
                listed.append(document)
            if len(listed) == limit:
                is_last = number == len(found.records) and found.after is None
                return Page(self._with_success(listed), None if is_last else document["workspace_id"])
        return Page(self._with_success(listed), found.after)

    def one(self, record: Record) -> Document:
        """A workspace, from its record."""
        return self._with_success(self._documents([record]))[0]

    def _documents(self, records: Collection[Record]) -> Sequence[Document]:
        sweeps = [int(sweep.run_at) for sweep in latest_sweeps(SWEEPS, latest_own(self.clock.now()))]
        runs = self._last_runs(records, sweeps)
        next_due_at = sweeps[0] + self.interval_ms if sweeps else None
        return [self._document(each, runs[str(each["workspace_id"])], next_due_at) for each in records]

    def _last_runs(self, records: Collection[Record], sweeps: Sequence[int]) -> Mapping[str, list[Record]]:
        """By workspace, its runs in the newest sweeps and the newest run that it remembers, newest first."""
        keys = {key for record in records for key in self._run_keys(record, sweeps)}
        table = self.database.tables.sync_health
        found = read_many(self.database, table, [run_key(*key) for key in sorted(keys)], RUN_FIELDS)
        runs: dict[str, list[Record]] = defaultdict(list)
        for run in sorted(map(deserialize, found), key=_run_at, reverse=True):
            runs[str(run["workspace_id"])].append(run)
        return runs

    def _run_keys(self, record: Record, sweeps: Sequence[int]) -> Iterator[tuple[str, int]]:
        workspace_id = str(record["workspace_id"])
        if workspace_id.startswith(RESERVED_PREFIX):
            return  # such a partition holds sync's own records
        yield from ((workspace_id, run_at) for run_at in sweeps)
        latest = remembered_time(record, "latest_run_at", self.clock.now())
        if latest is not None:
            yield workspace_id, latest

    def _document(self, record: Record, runs: Sequence[Record], next_due_at: int | None) -> Document:
        inactive_why = skip_reason(record)
        closed = next((run for run in runs if run.get("status") != RUNNING), {})
        webhook, reception = valid_text(record, "webhook"), known_reception(record)
        now = self.clock.now()
        watermark, unusable = remembered_time(record, "watermark", now), _unusable(record.get("settings"))
        return {
            "workspace_id": record["workspace_id"],
            "name": valid_text(record, "name"),
            "states": list(
                _states(
                    closed,
                    webhook,
                    reception,
                    has_unusable=bool(unusable),
                    is_active=inactive_why is None,
                    has_run=bool(runs),
                )
            ),
            "invalid_settings": unusable,
            "inactive_why": inactive_why,
            "last_run_at": _run_at(runs[0]) if runs else None,
            "last_run_status": runs[0].get("status") if runs else None,
            "error": closed.get("error"),
            "deferred_why": closed.get("deferred_why"),
            **_results(next(filter(_is_success, runs), None)),
            "next_due_at": next_due_at if inactive_why is None else None,
            "verify": read_verify(record.get("settings"))[0],
            "watermark": watermark,
            "watermark_age_ms": None if watermark is None else max(0, now - watermark),
            "webhook": webhook,
            "webhook_missing": valid_text(record, "webhook_missing"),
            "webhook_since": remembered_time(record, "webhook_since", now),
            "reception": reception,
            "reception_at": None if reception is None else remembered_time(record, "reception_at", now),
        }

    def _with_success(self, documents: Sequence[Document]) -> list[Document]:
        """The documents, with the last success of each workspace whose last runs did not succeed."""
        return [
            {**each, **_results(self._last_success(each["workspace_id"]))} if _lacks_success(each) else each
            for each in documents
        ]

    def _last_success(self, workspace_id: str) -> Record | None:
        answer = query(
            self.database,
            self.database.tables.sync_health,
            partition(workspace_id) & (Path("run_at") <= latest_own(self.clock.now())),
            RUN_FIELDS,
            where=Path("status") == COMPLETED,
            ScanIndexForward=False,
            Limit=RUNS_SEARCHED,
        )
        return next(filter(_is_success, map(deserialize, answer["Items"])), None)


def _run_at(run: Record) -> int:
    return to_int(run["run_at"]) or 0


def _states(
    closed: Record, webhook: object, reception: object, *, has_unusable: bool, is_active: bool, has_run: bool
) -> Iterator[str]:
    """`closed` is the last run that is completed or failed."""
    if closed.get("status") == FAILED:
        yield FAILING
    if reception in LOST:
        yield RECEPTION_LOST
    if closed.get("deferred"):
        yield DEFERRED
    if webhook in NOT_WORKING:
        yield WEBHOOK_OFF
    if has_unusable:
        yield INVALID_SETTINGS
    if not is_active:
        yield INACTIVE
    if not has_run:
        yield NEVER_RUN


def _unusable(settings: object) -> dict[str, str]:
    """The settings that cannot be used, with the reason; the default stands in for each."""
    names = (*read_policy(settings)[1], *read_verify(settings)[1])
    return {name: _why_unusable(name) for name in names}


def _why_unusable(name: str) -> str:
    if name in BOUNDS:
        return f"not {bounds_text(name)}"
    return f"not one of {', '.join(VERIFY)}" if name == "verify" else "not an object"


def _is_success(run: Record) -> bool:
    """Whether the run did its work, and was not just closed because it was not needed."""
    return run.get("status") == COMPLETED and not run.get("superseded") and not run.get("skipped")


def _results(success: Record | None) -> Document:
    """When the last success was, and what it found."""
    if success is None:
        return {"last_success_at": None, **dict.fromkeys(RESULTS)}
    return {"last_success_at": _run_at(success), **{name: to_int(success.get(name)) for name in RESULTS}}


def _lacks_success(document: Document) -> bool:
    return document["last_success_at"] is None and document["last_run_at"] is not None

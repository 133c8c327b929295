"""How sync is doing for each workspace, a page of them at a time.

    a page of the workspaces ─> the runs that may be their last, by their keys ─> judged ─> those asked for

A page costs one request for the workspaces and one for each hundred runs, whatever the tables hold; only of
a workspace whose last run did not succeed the one that did is looked up. What is asked for by state is looked
for among `EXAMINED` workspaces a page: a page may hold few, even none, and there are more all the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from background_sync.clock import Clock
from background_sync.records.database import Database, deserialize, projection, read_many, run_key
from background_sync.records.runs import COMPLETED, FAILED, RUNNING
from background_sync.records.sweeps import latest_sweeps
from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.rules.policy import read_verify
from background_sync.rules.values import LATEST_MS, to_int
from background_sync.rules.workspace import skip_reason
from background_sync.status.history import Document

EXAMINED = 100
Record = Mapping[str, object]
FAILING = "failing"
DEFERRED = "deferred"
WEBHOOK_OFF = "webhook_off"
INACTIVE = "inactive"
NEVER_RUN = "never_run"
STATES = (FAILING, DEFERRED, WEBHOOK_OFF, INACTIVE, NEVER_RUN)
SWEEPS = 2
"""The newest may be under way; the one before is where a run is then looked for."""


@dataclass(frozen=True, slots=True)
class Page:
    """Workspaces as documents; `after` is where the next page begins, None at the end."""

    workspaces: list[Document]
    after: str | None


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """What knows the workspaces; `interval_ms` is the time between two sweeps."""

    database: Database
    clock: Clock
    interval_ms: int

    def page(self, limit: int, after: str | None = None, state: str | None = None) -> Page:
        """The next `limit` workspaces after the id `after`, in any order, or those of them in `state`."""
        sweeps = [int(sweep.run_at) for sweep in latest_sweeps(SWEEPS)]
        found = workspaces_page(self.database, limit if state is None else EXAMINED, after)
        runs = self._runs(found.records, sweeps)
        chosen: list[Document] = []
        for place, record in enumerate(found.records, 1):
            document = self._document(record, runs[str(record["workspace_id"])], sweeps)
            if state is None or state in document["states"]:
                chosen.append(document)
            if len(chosen) == limit:
                is_last = place == len(found.records) and found.after is None
                return Page(self._completed(chosen), None if is_last else str(record["workspace_id"]))
        return Page(self._completed(chosen), found.after)

    def one(self, record: Record) -> Document:
        """One workspace, from its own record."""
        sweeps = [int(sweep.run_at) for sweep in latest_sweeps(SWEEPS)]
        runs = self._runs([record], sweeps)
        [document] = self._completed([self._document(record, runs[str(record["workspace_id"])], sweeps)])
        return document

    def _runs(self, records: Collection[Record], sweeps: Sequence[int]) -> Mapping[str, list[Record]]:
        """The runs of the newest sweeps, and the newest run that a workspace remembers."""
        keys = [key for record in records for key in _possible_runs(record, sweeps)]
        by_workspace: dict[str, list[Record]] = defaultdict(list)
        for run in sorted(runs_at(self.database, keys), key=_run_at, reverse=True):
            by_workspace[str(run["workspace_id"])].append(run)
        return by_workspace

    def _document(self, record: Record, runs: Sequence[Record], sweeps: Sequence[int]) -> Document:
        """A workspace as far as these runs, the newest first, tell."""
        skipped = skip_reason(record)
        is_active = skipped is None
        closed = next((run for run in runs if run.get("status") != RUNNING), {})
        webhook, name = record.get("webhook"), record.get("name")
        watermark = _time(record, "watermark")
        return {
            "workspace_id": record["workspace_id"],
            "name": name if isinstance(name, str) else None,
            "states": list(_states(closed, webhook, is_active=is_active, has_run=bool(runs))),
            "inactive_why": skipped,
            "last_run_at": _run_at(runs[0]) if runs else None,
            "last_run_status": runs[0].get("status") if runs else None,
            "error": closed.get("error"),
            "deferred_why": closed.get("deferred_why"),
            **_success(next(filter(is_success, runs), None)),
            "next_due_at": sweeps[0] + self.interval_ms if sweeps and is_active else None,
            "verify": read_verify(record.get("settings"))[0],
            "watermark": watermark,
            "watermark_age_ms": None if watermark is None else max(0, self.clock.now() - watermark),
            "webhook": webhook if isinstance(webhook, str) else None,
            "webhook_since": _time(record, "webhook_since"),
        }

    def _completed(self, documents: Sequence[Document]) -> list[Document]:
        """With the last success of those whose last runs were none."""
        return [self._with_success(each) if _lacks_success(each) else each for each in documents]

    def _with_success(self, document: Document) -> Document:
        return {**document, **_success(last_success(self.database, document["workspace_id"]))}


def _possible_runs(record: Record, sweeps: Sequence[int]) -> Iterator[tuple[str, int]]:
    workspace_id, latest = str(record["workspace_id"]), _time(record, "latest_run_at")
    if workspace_id.startswith(RESERVED_PREFIX):
        return  # what stands there are sync's own records
    yield from ((workspace_id, run_at) for run_at in sweeps)
    if latest is not None:
        yield workspace_id, latest


def _run_at(run: Record) -> int:
    return to_int(run["run_at"]) or 0


def _states(closed: Record, webhook: object, *, is_active: bool, has_run: bool) -> Iterator[str]:
    if closed.get("status") == FAILED:
        yield FAILING
    if closed.get("deferred"):
        yield DEFERRED
    if webhook in ("off", "none"):
        yield WEBHOOK_OFF
    if not is_active:
        yield INACTIVE
    if not has_run:
        yield NEVER_RUN


def _success(run: Record | None) -> Document:
    """What the last run that did its work came to."""
    counted = ("stale_found", "flagged", "repaired", "created")
    counts = dict.fromkeys(counted) if run is None else {name: to_int(run.get(name)) for name in counted}
    return {"last_success_at": None if run is None else _run_at(run), **counts}


def _lacks_success(document: Document) -> bool:
    return document["last_success_at"] is None and document["last_run_at"] is not None


def _time(record: Record, name: str) -> int | None:
    """A time that sync remembers on the CRM's record; what somebody else spoilt counts as forgotten."""
    time = to_int(record.get(name))
    return time if time is not None and 0 < time <= LATEST_MS else None


KNOWN = (
    "workspace_id",
    "name",
    "kapso_phone_id",
    "kapso_token_parameter",
    "settings",
    "latest_run_at",
    "watermark",
    "webhook",
    "webhook_since",
)
RUN = (
    "workspace_id",
    "run_at",
    "status",
    "finished_at",
    "error",
    "deferred",
    "deferred_why",
    "superseded",
    "skipped",
    "stale_found",
    "flagged",
    "repaired",
    "created",
)
LOOK_BACK = 24
"""Runs: a day of hourly ones."""


@dataclass(frozen=True, slots=True)
class WorkspacesPage:
    """Workspaces in no particular order; `after` is the last one's id, None at the end."""

    records: list[Record]
    after: str | None


def workspaces_page(database: Database, limit: int, after: str | None) -> WorkspacesPage:
    """The `limit` workspaces that come after the id `after`."""
    start: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": {"workspace_id": {"S": after}}}
    answer = database.client.scan(
        TableName=database.tables.workspaces, Limit=limit, **projection(KNOWN), **start
    )
    last = answer.get("LastEvaluatedKey")
    return WorkspacesPage(
        [deserialize(item) for item in answer["Items"]], None if last is None else last["workspace_id"]["S"]
    )


def runs_at(database: Database, keys: Iterable[tuple[str, int]]) -> list[Record]:
    """Those of the runs (workspace id, run_at) that are there."""
    asked = [run_key(*key) for key in sorted(set(keys))]
    return [deserialize(item) for item in read_many(database, database.tables.sync_health, asked, RUN)]


def last_success(database: Database, workspace_id: str) -> Record | None:
    """The newest run that did its work, of the last `LOOK_BACK`."""
    answer = database.client.query(
        TableName=database.tables.sync_health,
        KeyConditionExpression="workspace_id = :workspace",
        FilterExpression=f"#p{RUN.index('status')} = :completed",
        ExpressionAttributeValues={":workspace": {"S": workspace_id}, ":completed": {"S": COMPLETED}},
        ScanIndexForward=False,
        Limit=LOOK_BACK,
        **projection(RUN),
    )
    return next((run for item in answer["Items"] if is_success(run := deserialize(item))), None)


def is_success(run: Record) -> bool:
    """Whether the run did its work, and was not merely closed."""
    return run.get("status") == COMPLETED and not run.get("superseded") and not run.get("skipped")

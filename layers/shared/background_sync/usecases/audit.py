"""The audit: reads a workspace's contacts from the table itself, and mends what would hide one from the
index.

A contact that some writer stored without `activity_at` stands in no index and no run ever sees it; one whose
`activity_at` is out of date is judged by the wrong moment.
"""

from dataclasses import asdict, dataclass, replace

from background_sync.clock import Clock, Deadline
from background_sync.messages import AUDIT, Message
from background_sync.queue import WorkQueue
from background_sync.records import runs, workspaces
from background_sync.records.contacts import Conflict, mend_index, table_page
from background_sync.records.database import Database
from background_sync.records.items import Item, plain
from background_sync.records.runs import COMPLETED, FAILED, Run
from background_sync.rules.contact import activity_index_value
from background_sync.telemetry import emit, logger

MARGIN_MS = 15_000
MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Auditor:
    """What auditing works with; `page_size` bounds a page, None is DynamoDB's 1 MB."""

    database: Database
    queue: WorkQueue
    clock: Clock
    lease_ms: int
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit found; `invalid` ones have no readable time, and stand in the index at 0."""

    contacts_checked: int = 0
    mended_missing: int = 0
    mended_outdated: int = 0
    invalid: int = 0
    lost_race: int = 0


def audit(auditor: Auditor, message: Message, deadline: Deadline, *, first_delivery: bool) -> None:
    """Work on an audit until it is done, or go on in a follow-up message.

    Raises as `reconcile` does.
    """
    partition, now = runs.audit_key(message.workspace_id), auditor.clock.now()
    record = runs.claim(partition, message.run_at, now, auditor.lease_ms, first_delivery=first_delivery)
    if record.status == COMPLETED:
        logger.info("the audit is completed already")
        return
    try:
        _work(auditor, message, record, deadline)
    except runs.LeaseLost:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]
        runs.update_held(record, Run.status.set(FAILED), Run.error.set(text), Run.lease_until.remove())
        raise


def _work(auditor: Auditor, message: Message, record: Run, deadline: Deadline) -> None:
    place = record.place or {"after": None, "findings": asdict(Findings())}
    after, findings = place["after"], Findings(**place["findings"])
    while True:
        page = table_page(auditor.database, message.workspace_id, after, auditor.page_size)
        for item in page.items:
            findings = _mend(auditor, message.workspace_id, item, findings)
        after = page.next_contact_id
        if after is None:
            _complete(auditor, message, record, findings)
            return
        if deadline.within(MARGIN_MS):
            runs.save_place(record, {"after": after, "findings": asdict(findings)})
            auditor.queue.send([Message(AUDIT, message.workspace_id, message.run_at)])
            return


def _mend(auditor: Auditor, workspace_id: str, item: Item, findings: Findings) -> Findings:
    record = plain(item)
    findings = replace(findings, contacts_checked=findings.contacts_checked + 1)
    expected = activity_index_value(record)
    if expected == 0:
        findings = replace(findings, invalid=findings.invalid + 1)
        logger.warning("contact without a readable time", contact_id=record["contact_id"])
    if record.get("activity_at") == expected:
        return findings
    try:
        mend_index(auditor.database, workspace_id, item, expected)
    except Conflict:
        return replace(findings, lost_race=findings.lost_race + 1)
    if "activity_at" in record:
        return replace(findings, mended_outdated=findings.mended_outdated + 1)
    return replace(findings, mended_missing=findings.mended_missing + 1)


def _complete(auditor: Auditor, message: Message, record: Run, findings: Findings) -> None:
    now, counts = auditor.clock.now(), asdict(findings)
    workspaces.remember_audit(message.workspace_id, message.run_at)
    runs.update_held(
        record,
        Run.status.set(COMPLETED),
        Run.finished_at.set(now),
        Run.duration_ms.set(now - int(record.started_at)),
        Run.lease_until.remove(),
        Run.place.remove(),
        Run.error.remove(),
        *(getattr(Run, name).set(count) for name, count in counts.items()),
    )
    emit({"audits_completed": 1, **{f"audit_{name}": count for name, count in counts.items()}})
    logger.info("the audit is completed", counts=counts)

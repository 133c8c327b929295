"""The audit: reads a workspace's contacts from the table itself, and fixes what hides them from the index.

It is also the time of day at which Kapso is asked whether it hears Meta about the workspace's number.

A contact that was stored without `activity_at` is not in the index, so no run ever sees it. A contact whose
`activity_at` is out of date is judged by the wrong time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from background_sync.records import workspaces
from background_sync.records.contact_notes import Unwritable
from background_sync.records.contacts import Conflict, fix_index, read_contact, table_page
from background_sync.records.runs import Run
from background_sync.records.typed import Item, deserialize, deserialize_value
from background_sync.rules.contact import activity_index_value, impossible_times
from background_sync.rules.workspace import read_workspace, skip_reason
from background_sync.sync.task import Job
from background_sync.sync.verify import ask_reception
from background_sync.telemetry import emit, logger, warn

MARGIN_MS = 15_000


@dataclass(frozen=True, slots=True)
class Findings:
    """An audit's counts. `invalid` contacts have no readable time, or one that cannot be true.

    Without a readable time the index value is 0.
    """

    contacts_checked: int = 0
    fixed_missing: int = 0
    fixed_outdated: int = 0
    invalid: int = 0
    lost_race: int = 0
    unwritable: int = 0

    def plus(self, name: str) -> "Findings":
        return replace(self, **{name: getattr(self, name) + 1})


@dataclass(frozen=True, slots=True)
class AuditCheckpoint:
    """How far an audit has come: past the contact `after`, None at the beginning."""

    after: str | None
    findings: Findings

    @staticmethod
    def read(document: Mapping[str, Any] | None) -> "AuditCheckpoint":
        """From an audit's record; None is the beginning."""
        if document is None:
            return AuditCheckpoint(None, Findings())
        return AuditCheckpoint(document["after"], Findings(**document["findings"]))


def audit(job: Job) -> None:
    """Audit until the end, or continue in a follow-up message."""
    if job.record.checkpoint is None:
        _ask_reception(job)
    checkpoint = AuditCheckpoint.read(job.record.checkpoint)
    while True:
        page = table_page(job.database, job.workspace_id, checkpoint.after, job.context.page_size)
        for item in page.items:
            checkpoint = _past_contact(job, item, checkpoint)
        if page.next_contact_id is None:
            _complete(job, checkpoint.findings)
            return
        checkpoint = replace(checkpoint, after=page.next_contact_id)
        if job.deadline.within(MARGIN_MS):
            job.follow_up(Run.checkpoint.set(asdict(checkpoint)))
            return


def _ask_reception(job: Job) -> None:
    record = workspaces.find_workspace(job.database, job.workspace_id)
    if record is not None and skip_reason(record) is None:
        ask_reception(job, read_workspace(record, job.now()))


def _past_contact(job: Job, item: Item, checkpoint: AuditCheckpoint) -> AuditCheckpoint:
    try:
        findings = _check(job, item, checkpoint.findings)
    except Exception:
        # The next attempt continues with this contact, and keeps what was counted before it.
        job.save(Run.checkpoint.set(asdict(checkpoint)))
        raise
    return AuditCheckpoint(item["contact_id"]["S"], findings)


def _check(job: Job, item: Item, findings: Findings) -> Findings:
    record, now = deserialize(item), job.now()
    findings = findings.plus("contacts_checked")
    expected = activity_index_value(record, now)
    impossible = impossible_times(record, now) if expected else []
    if impossible or expected == 0:
        findings = findings.plus("invalid")
        warn("contact without a readable time", contact_id=record["contact_id"], impossible=impossible)
    if record.get("activity_at") == expected:
        return findings
    try:
        fix_index(job.database, job.workspace_id, item, expected)
    except Conflict:
        if not _is_fixed(job, str(record["contact_id"]), expected):
            return findings.plus("lost_race")
    except Unwritable as error:
        warn("unwritable contact", contact_id=record["contact_id"], reason=str(error))
        return findings.plus("unwritable")
    return findings.plus("fixed_outdated" if "activity_at" in record else "fixed_missing")


def _is_fixed(job: Job, contact_id: str, expected: int) -> bool:
    """Whether the index value is right after all: our own write, whose answer was lost, or another's."""
    read = read_contact(job.database, job.workspace_id, contact_id)
    return read is not None and deserialize_value(read, "activity_at") == expected


def _complete(job: Job, findings: Findings) -> None:
    counts = asdict(findings)
    workspaces.remember_audit(job.database, job.workspace_id, job.run_at)
    job.complete(counts)
    emit({"audits_completed": 1, **{f"audit_{name}": count for name, count in counts.items()}})
    logger.info("the audit is completed", counts=counts)

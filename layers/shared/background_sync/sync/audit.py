"""The audit: reads a workspace's contacts from the table itself, and mends what would hide one from the
index.

A contact that some writer stored without `activity_at` stands in no index and no run ever sees it; one whose
`activity_at` is out of date is judged by the wrong moment.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from background_sync.clock import Deadline
from background_sync.messages import AUDIT, Message
from background_sync.records import runs, workspaces
from background_sync.records.contacts import Conflict, Unwritable, fix_index, read_contact, table_page
from background_sync.records.database import Item, deserialize
from background_sync.records.runs import Run
from background_sync.rules.contact import activity_index_value
from background_sync.sync.task import JobContext, complete, work_on
from background_sync.telemetry import emit, logger

MARGIN_MS = 15_000


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit found; `invalid` ones have no readable time, and stand in the index at 0."""

    contacts_checked: int = 0
    fixed_missing: int = 0
    fixed_outdated: int = 0
    invalid: int = 0
    lost_race: int = 0
    unwritable: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """How far an audit has come: past the contact `after`, None at the beginning."""

    after: str | None
    findings: Findings

    @staticmethod
    def read(document: Mapping[str, Any] | None) -> "Place":
        """From a record; None is the beginning."""
        if document is None:
            return Place(None, Findings())
        return Place(document["after"], Findings(**document["findings"]))


def audit(bench: JobContext, message: Message, deadline: Deadline, *, first_delivery: bool) -> None:
    """Work on an audit until it is done, or go on in a follow-up message; raises as `work_on` does."""

    def work(record: Run) -> None:
        _work(bench, message, record, deadline)

    work_on(bench, runs.audit_key(message.workspace_id), message.run_at, work, first_delivery=first_delivery)


def _work(bench: JobContext, message: Message, record: Run, deadline: Deadline) -> None:
    place = Place.read(record.place)
    while True:
        page = table_page(bench.database, message.workspace_id, place.after, bench.page_size)
        for item in page.items:
            place = _with_item(bench, message, record, place, item)
        if page.next_contact_id is None:
            _complete(bench, message, record, place.findings)
            return
        place = replace(place, after=page.next_contact_id)
        if deadline.within(MARGIN_MS):
            runs.save_checkpoint(record, asdict(place))
            bench.queue.send([Message(AUDIT, message.workspace_id, message.run_at)])
            return


def _with_item(bench: JobContext, message: Message, record: Run, place: Place, item: Item) -> Place:
    """Mend one contact; where that fails, the next attempt goes on from it, with what was found so far."""
    try:
        findings = _mend(bench, message.workspace_id, item, place.findings)
    except Exception:
        runs.update_held(record, Run.place.set(asdict(place)))
        raise
    return Place(item["contact_id"]["S"], findings)


def _mend(bench: JobContext, workspace_id: str, item: Item, findings: Findings) -> Findings:
    record = deserialize(item)
    findings = replace(findings, contacts_checked=findings.contacts_checked + 1)
    expected = activity_index_value(record)
    if expected == 0:
        findings = replace(findings, invalid=findings.invalid + 1)
        logger.warning("contact without a readable time", contact_id=record["contact_id"])
    if record.get("activity_at") == expected:
        return findings
    try:
        fix_index(bench.database, workspace_id, item, expected)
    except Conflict:
        if not _is_mended(bench, workspace_id, str(record["contact_id"]), expected):
            return replace(findings, lost_race=findings.lost_race + 1)
    except Unwritable as error:
        logger.warning("unwritable contact", contact_id=record["contact_id"], reason=str(error))
        return replace(findings, unwritable=findings.unwritable + 1)
    if "activity_at" in record:
        return replace(findings, fixed_outdated=findings.fixed_outdated + 1)
    return replace(findings, fixed_missing=findings.fixed_missing + 1)


def _is_mended(bench: JobContext, workspace_id: str, contact_id: str, expected: int) -> bool:
    """Whether it is as it should be after all: our own write, whose answer was lost, or somebody else's."""
    read = read_contact(bench.database, workspace_id, contact_id)
    return read is not None and deserialize({"at": read.get("activity_at", {"NULL": True})})["at"] == expected


def _complete(bench: JobContext, message: Message, record: Run, findings: Findings) -> None:
    counts = asdict(findings)
    workspaces.remember_audit(bench.database, message.workspace_id, message.run_at)
    complete(bench, record, counts)
    emit({"audits_completed": 1, **{f"audit_{name}": count for name, count in counts.items()}})
    logger.info("the audit is completed", counts=counts)

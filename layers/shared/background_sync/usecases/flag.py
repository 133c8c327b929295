"""Flagging the contacts that a run selected, each one read, judged and written for itself."""

from collections.abc import Sequence

from background_sync.clock import Deadline
from background_sync.records.contacts import Conflict, Unwritable, read_contact, write_flag
from background_sync.records.database import Database
from background_sync.records.items import Item, plain
from background_sync.rules.contact import InvalidRecord, Standing, standing, stored_contact
from background_sync.rules.counts import Flagging
from background_sync.rules.notes import flag_note
from background_sync.rules.policy import Policy
from background_sync.telemetry import logger

MARGIN_MS = 10_000
MAX_TRIES = 5


def flag_selected(
    database: Database,
    workspace_id: str,
    selected: Sequence[str],
    now: int,
    policy: Policy,
    deadline: Deadline,
    *,
    repeated: bool,
) -> tuple[Flagging | None, set[str]]:
    """Flag the selected contacts in order until the cap is reached; whom somebody else changed, or DynamoDB
    refuses, gives the place to the next.

    A `repeated` attempt first finds what an earlier one flagged, which is counted as its own: the cap holds
    over all attempts. Returns what came of it (None: the deadline is near, go on later), and whom DynamoDB
    refused.
    """
    one = _Flagger(database, workspace_id, now, policy)
    done = one.flagged_before(selected) if repeated else set()
    flagging, refused = Flagging(flagged=len(done)), set[str]()
    for contact_id in selected:
        if flagging.flagged >= policy.max_flags_per_run:
            break
        if contact_id in done:
            continue
        if deadline.within(MARGIN_MS):
            return None, refused
        outcome = one.flag(contact_id)
        flagging = flagging.plus(outcome)
        if outcome == "unwritable":
            refused.add(contact_id)
    return flagging, refused


class _Flagger:
    """Flags one contact at a time; the outcome is the name of the count that it stands in."""

    def __init__(self, database: Database, workspace_id: str, now: int, policy: Policy) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._now = now
        self._policy = policy

    def flagged_before(self, selected: Sequence[str]) -> set[str]:
        """Whom an earlier attempt of this run flagged."""
        return {each for each in selected if self._is_ours(self._read(each))}

    def flag(self, contact_id: str) -> str:
        """Read, judge and write; read again where somebody else wrote at the same moment."""
        for _ in range(MAX_TRIES):
            read = self._read(contact_id)
            if read is None:
                break
            if self._is_ours(read):
                return "flagged"
            try:
                return self._judge_and_write(contact_id, read)
            except Conflict:
                continue
        return "lost_race"

    def _read(self, contact_id: str) -> Item | None:
        return read_contact(self._database, self._workspace_id, contact_id)

    def _is_ours(self, read: Item | None) -> bool:
        return read is not None and plain({"at": read.get("flagged_at", {"NULL": True})})["at"] == self._now

    def _judge_and_write(self, contact_id: str, read: Item) -> str:
        judged = {name: value for name, value in read.items() if name != "notes"}
        try:
            contact = stored_contact(contact_id, plain(judged))
            verdict = standing(contact, self._now, self._policy)
            if verdict is Standing.COOLING:
                return "in_cooldown"
            if verdict is not Standing.DUE:
                return "lost_race"
            note = flag_note(contact.activity_at, self._now)
            write_flag(
                self._database, self._workspace_id, contact_id, read, note, self._policy.max_sync_notes
            )
        except InvalidRecord as error:
            logger.warning("unreadable contact", contact_id=contact_id, reason=str(error))
            return "invalid"
        except Unwritable as error:
            logger.warning("unwritable contact", contact_id=contact_id, reason=str(error))
            return "unwritable"
        return "flagged"

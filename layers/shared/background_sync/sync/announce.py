"""What a completed run or audit tells others."""

from background_sync.messages import AUDIT, RUN, Message
from background_sync.records.runs import COMPLETED, Run
from background_sync.rules.counts import TOTALLED
from background_sync.rules.notices import STATES, Notice, workspace_notice

ANNOUNCED = (RUN, AUDIT)
"""Whoever asked for a backfill is told its result already."""


def notice_of(message: Message, record: Run) -> Notice | None:
    """The notice of a message's record; None if it is not completed, or found nothing."""
    if message.kind not in ANNOUNCED or record.status != COMPLETED:
        return None
    counts = {name: int(getattr(record, name) or 0) for name in TOTALLED}
    states = {name: getattr(record, name) for state in STATES for name in (state, f"{state}_was")}
    return workspace_notice(message.kind, message.workspace_id, message.run_at, counts, states)

"""What is told to others: of a workspace in which something was found, and of each sweep.

`docs/events.schema.json` describes the events. They hold ids of workspaces, states and counts, and nothing of
a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from background_sync.rules.counts import DRIFT, FLAGS, TOTALLED
from background_sync.rules.reception import LOST, UNKNOWN
from background_sync.rules.webhooks import ACTIVE

WORKSPACE_CHECKED = "Workspace checked"
SWEEP_FINISHED = "Sweep finished"
FOUND = (*DRIFT, *FLAGS)
"""The counts of which one makes a notice."""
STATES = ("webhook", "reception")


@dataclass(frozen=True, slots=True)
class Notice:
    """`subject` is the same whenever the same thing is told again."""

    event: str
    subject: str
    fields: Mapping[str, object]


def workspace_notice(
    kind: str,
    workspace_id: str,
    run_at: int,
    counts: Mapping[str, int],
    states: Mapping[str, str | None],
) -> Notice | None:
    """The notice of a completed run or audit; None if it found nothing.

    `states` has each of `STATES`, and under `…_was` what it was before, if it has changed.
    """
    changed = [name for name in STATES if states.get(f"{name}_was")]
    if not changed and not any(counts[name] for name in FOUND):
        return None
    told = [f"{name} is {states[name]}, was {states[f'{name}_was']}" for name in changed]
    fields = {
        "kind": kind,
        "workspace_id": workspace_id,
        "run_at": run_at,
        "summary": f"{workspace_id}: {', '.join([*_found(counts), *told])}",
        "changed": changed,
        **states,
        "counts": dict(counts),
    }
    return Notice(WORKSPACE_CHECKED, f"{kind}/{workspace_id}/{run_at}", fields)


def sweep_notice(sweep: Mapping[str, Any]) -> Notice:
    """The notice of a finished sweep."""
    run_at, dispatched, failed = (int(sweep[name]) for name in ("run_at", "dispatched", "failed"))
    found = ([f"{failed} failed"] if failed else []) + _found(sweep)
    fields = {
        "run_at": run_at,
        "summary": f"{dispatched} workspaces checked: {', '.join(found) or 'nothing found'}",
        **{name: int(sweep[name]) for name in ("dispatched", "skipped", "completed", "failed")},
        "counts": {name: int(sweep[name]) for name in TOTALLED} | {"skipped": int(sweep["skipped_runs"])},
    }
    return Notice(SWEEP_FINISHED, f"sweep/{run_at}", fields)


def webhook_changed(known: str | None, found: str) -> bool:
    """Whether a state is news. Of a number that nobody has looked at yet, `active` is not."""
    return known is not None or found != ACTIVE


def reception_changed(known: str | None, found: str) -> bool:
    """Whether a loss began, ended or has another reason; `UNKNOWN` says nothing."""
    return known != found and bool({known, found} & LOST) and found != UNKNOWN


def _found(counts: Mapping[str, Any]) -> list[str]:
    return [f"{counts[name]} {name}" for name in FOUND if counts[name]]

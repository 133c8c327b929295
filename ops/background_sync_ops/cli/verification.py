"""The results of comparing with Kapso, of runs and sweeps."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rich.table import Table

from background_sync_ops.cli.output import clean, count, grid, nonzero
from background_sync_ops.cli.times import iso

Document = Mapping[str, Any]
COMPARED = ("in_step", "behind", "missing", "repaired", "created", "deleted", "ahead", "unknown")
"""The results of the people that were compared: each person counts in exactly one."""
PROBLEMS = (
    "deferred",
    "uncompared",
    "webhook_off",
    "webhook_failing",
    "reception_lost",
    "number_moved",
    "intake_silent",
)
BESIDE = ("reported", "renamed", "identity_changed", "unreadable")
OTHERS = (*BESIDE, *PROBLEMS, "failed_deliveries")
VERIFICATION = ("verified", *COMPARED, *OTHERS)
"""Every count of verification."""
COLUMNS = {"Verified": "verified", "In step": "in_step", "Repaired": "repaired", "Created": "created"}
REMARKS = "Remarks"
REMARKED = ("behind", "missing", "deleted", "ahead", "unknown", *BESIDE, "failed_deliveries")
WEBHOOKS = {"off": "webhook off", "none": "no webhook", "incomplete": "webhook without"}
KEYS: Mapping[str, Callable[[Document], str]] = {
    "Sweep": lambda each: iso(each["run_at"], seconds=False),
    "Workspace": lambda each: clean(each["workspace_id"]),
}


def verified(documents: Iterable[Document]) -> list[Document]:
    """The runs or sweeps that compared people, tried to, or read the state of webhooks."""
    return [each for each in documents if any(each.get(name) for name in (*VERIFICATION, "webhook"))]


def sentences(document: Document) -> Iterator[str]:
    """`12 verified: 9 in step, 3 repaired`, and then the other counts."""
    compared = nonzero(document, COMPARED)
    yield f"{document['verified']} verified" + (compared and f": {compared}")
    if others := nonzero(document, OTHERS):
        yield others


def kapso_rows(document: Document) -> Iterator[tuple[str, str]]:
    """The sentences as rows of a table of facts."""
    return zip(("Kapso", ""), sentences(document), strict=False)


def verification(documents: Iterable[Document], *keys: str) -> Table:
    """Runs or sweeps in the given order; `keys` of `KEYS` are the first columns."""
    table = grid((*keys, *COLUMNS, REMARKS), right=COLUMNS, fold=("Workspace", REMARKS))
    for each in documents:
        names = (KEYS[key](each) for key in keys)
        table.add_row(*names, *(count(each[name]) for name in COLUMNS.values()), _remarks(each))
    return table


def _remarks(document: Document) -> str:
    return ", ".join(filter(None, [*_problems(document), nonzero(document, REMARKED)]))


def _problems(document: Document) -> Iterator[str]:
    if "workspace_id" not in document:  # a sweep has only numbers
        yield nonzero(document, PROBLEMS)
        return
    if document["deferred"]:
        yield clean(f"deferred: {document['deferred_why']}".replace("_", " "))
    state = WEBHOOKS.get(document["webhook"] or "", "")
    yield f"{state} {clean(document['webhook_missing'])}" if document["webhook_missing"] else state
    yield "webhook failing" if document["webhook_failing"] else ""
    yield "Kapso does not hear Meta" if document["reception_lost"] else ""
    yield "the intake is silent" if document["intake_silent"] else ""

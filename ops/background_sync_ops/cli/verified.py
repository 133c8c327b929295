"""What comparing with Kapso came to, of runs and sweeps; nothing where no workspace asks for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from rich.table import Table

from background_sync_ops.cli.counts import Document, count, listed
from background_sync_ops.cli.output import clean, grid
from background_sync_ops.cli.times import iso

COMPARED = ("in_step", "behind", "missing", "repaired", "created", "ahead", "unknown")
"""What became of the people that were compared: each stands in one of these."""
BESIDES = ("reported", "renamed", "unreadable", "deferred", "webhook_off", "failed_deliveries")
VERIFICATION = ("verified", *COMPARED, *BESIDES)
"""Every count of verification."""
COLUMNS = ("verified", "in_step", "repaired", "created")
HEADERS = ("Verified", "In step", "Repaired", "Created")
REMARKS = "Remarks"
REMARKED = ("behind", "missing", "ahead", "unknown", "reported", "renamed", "unreadable", "failed_deliveries")
WEBHOOKS = {"off": "webhook off", "none": "no webhook"}
KEYS: Mapping[str, Callable[[Document], str]] = {
    "Sweep": lambda each: iso(each["run_at"], seconds=False),
    "Workspace": lambda each: clean(each["workspace_id"]),
}


def verified(documents: Iterable[Document]) -> list[Document]:
    """The runs or sweeps that compared somebody, or tried to, or saw the number's webhooks."""
    return [each for each in documents if any(each.get(name) for name in (*VERIFICATION, "webhook"))]


def sentences(document: Document) -> Iterator[str]:
    """`12 verified: 9 in step, 3 repaired`, and then what else there was."""
    compared = listed(document, COMPARED)
    yield f"{document['verified']} verified" + (compared and f": {compared}")
    if besides := listed(document, BESIDES):
        yield besides


def verification(documents: Iterable[Document], *keys: str) -> Table:
    """Runs or sweeps, as they come; `keys` of `KEYS` tell which is which."""
    table = grid((*keys, *HEADERS, REMARKS), right=HEADERS, fold=("Workspace", REMARKS))
    for each in documents:
        table.add_row(
            *(KEYS[key](each) for key in keys), *(count(each[name]) for name in COLUMNS), _remarks(each)
        )
    return table


def _remarks(document: Document) -> str:
    return ", ".join(filter(None, [*_troubles(document), listed(document, REMARKED)]))


def _troubles(document: Document) -> Iterator[str]:
    """Of a run by name, of a sweep by number."""
    if "workspace_id" not in document:
        yield listed(document, ("deferred", "webhook_off"))
        return
    if document["deferred"]:
        yield clean(f"deferred: {document['deferred_why']}".replace("_", " "))
    yield WEBHOOKS.get(document["webhook"] or "", "")

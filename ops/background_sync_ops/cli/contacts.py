"""`background-sync contacts`: a workspace's contacts with activity, flag and notes."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import SupportsFloat

from rich.console import Console
from rich.table import Table
from rich.text import Text

from background_sync.records.database import Database
from background_sync.rules.policy import read_policy
from background_sync_ops.cli.errors import WELL
from background_sync_ops.cli.judged import Document, Judge
from background_sync_ops.cli.output import clean, console, grid, print_json, shortened, state, waiting
from background_sync_ops.cli.times import ago, iso, span
from background_sync_ops.cli.where import Where, workspace_of
from background_sync_ops.contacts import contact_records

SHOWN = 50
NOTE_WIDTH = 60


@dataclass
class Listing:
    """The contacts to show, the longest quiet first, and how many there are of all and of stale ones."""

    workspace_id: str
    judge: Judge
    contacts: list[Document] = field(default_factory=list)
    total: int = 0
    stale: int = 0

    def read(self, database: Database, limit: int | None, *, only_stale: bool) -> None:
        """Read all contacts, and keep `limit` of them."""
        wanted = (each for each in self._counted(database) if each["stale"] or not only_stale)
        if limit is None:
            self.contacts = sorted(wanted, key=_longest_quiet_first)
        else:
            self.contacts = heapq.nsmallest(limit, wanted, _longest_quiet_first)

    def _counted(self, database: Database) -> Iterator[Document]:
        for record in contact_records(database, self.workspace_id):
            document = self.judge.document(record)
            self.total += 1
            self.stale += document["stale"]
            yield document

    def document(self) -> Document:
        """All of it, for --json."""
        counts = {"now": self.judge.now, "total": self.total, "stale": self.stale}
        return {"workspace_id": self.workspace_id, **counts, "contacts": self.contacts}


def contacts(where: Where, workspace_id: str, limit: int | None, *, only_stale: bool, as_json: bool) -> int:
    """The exit status."""
    target = where.target()
    database = target.connect()
    policy, _ = read_policy(workspace_of(target, database, workspace_id).get("settings"))
    listing = Listing(workspace_id, Judge(target.clock.now(), policy))
    with waiting("reading contacts"):
        listing.read(database, limit if as_json or limit else SHOWN, only_stale=only_stale)
    if as_json:
        print_json(listing.document())
    else:
        print_listing(console(), listing)
    return WELL


def _longest_quiet_first(document: Document) -> tuple[int, str]:
    return document["last_activity"] or 0, document["contact_id"]


def print_listing(out: Console, listing: Listing) -> None:
    """The contacts as a table, and a line with the counts."""
    now, threshold = listing.judge.now, span(listing.judge.policy.stale_threshold_ms)
    if listing.contacts:
        out.print(_table(listing.contacts, now), "")
    name = clean(listing.workspace_id)
    out.print(
        f"{name} at {iso(now)}: {listing.total} contacts, {listing.stale} stale (quiet for over {threshold})."
    )
    if len(listing.contacts) < listing.total:
        out.print(f"{len(listing.contacts)} shown, the longest quiet first; --limit shows more.")


def _table(documents: list[Document], now: int) -> Table:
    table = grid(("Contact", "Last activity", "State", "Flagged", "Notes"), fold=("Contact", "Notes"))
    for each in documents:
        activity = _when(each["last_activity"], now)
        table.add_row(_who(each), activity, _standing(each), _flag(each, now), _notes(each["notes"]))
    return table


def _who(document: Document) -> str:
    name = document["name"] or document["kapso_name"]
    return clean(document["contact_id"]) + (f"\n{clean(name)}" if name else "")


def _when(at: int | None, now: int) -> str:
    return "unreadable" if at is None else f"{iso(at, seconds=False)}\n{ago(at, now)}"


def _standing(document: Document) -> Text:
    judged = state("stale" if document["stale"] else document["verdict"])
    lead = document["lead_status"]
    return judged.append(f"\n{clean(lead)}", "default") if lead else judged


def _flag(document: Document, now: int) -> str:
    try:
        flagged_at = float(document["flagged_at"] or 0)
    except (TypeError, ValueError):
        return "unreadable"
    if not flagged_at:
        return "-"
    until = document["cooldown_until"]
    return iso(flagged_at, seconds=False) + (f"\ncooldown {span(until - now)}" if until else "")


def _notes(notes: object) -> str:
    if not isinstance(notes, list):
        return "unreadable"
    if not notes:
        return "-"
    newest = max(enumerate(notes), key=_age)[1]
    content = newest.get("content") if isinstance(newest, Mapping) else newest
    return f"{len(notes)}: {shortened(clean(content), NOTE_WIDTH)}"


def _age(numbered: tuple[int, object]) -> tuple[float, int]:
    """The newest is the largest: by its time, where it has one, then by its place."""
    place, note = numbered
    at = note.get("added_at") if isinstance(note, Mapping) else None
    return (float(at) if isinstance(at, SupportsFloat) else 0.0), place

"""What sync did, by run: `background-sync contacts --repaired-since`, `--flagged-since` or `--missed`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from background_sync_ops.cli.output import (
    Stacked,
    clean,
    console,
    grid,
    plural,
    print_csv,
    print_json,
    shortened,
    waiting,
)
from background_sync_ops.cli.times import iso
from background_sync_ops.errors import OK
from background_sync_ops.findings import MISSED, find
from background_sync_ops.target import Target
from background_sync_ops.workspaces import find_workspace

NOTE_WIDTH = 60
TIMES = ("run_at", "last_activity", "missed_activity")
Document = Mapping[str, Any]
COLUMNS = (
    *("run_at", "what", "contact_id", "name", "kapso_name", "phone", "lead_status"),
    *("last_activity", "missed_activity", "note"),
)


def show_findings(
    target: Target, workspace_id: str, what: str, since: int, *, limit: int | None, form: str
) -> int:
    """`form` is csv, json or table."""
    database = target.connect()
    find_workspace(target, database, workspace_id)
    with waiting("reading contacts"):
        found = find(database, workspace_id, what, since)
    shown = found[:limit]
    if form == "json":
        asked = {"what": what, "since": None if what == MISSED else since, "total": len(found)}
        print_json({"workspace_id": workspace_id, "now": target.clock.now(), **asked, "contacts": shown})
    elif form == "csv":
        print_csv(COLUMNS, map(_in_words, shown))
    else:
        _print(workspace_id, what, since, found, shown)
    return OK


def _in_words(document: Document) -> Document:
    """With times as people read them."""
    return {name: iso(at) if name in TIMES and at is not None else at for name, at in document.items()}


def _print(
    workspace_id: str, what: str, since: int, found: Sequence[Document], shown: Sequence[Document]
) -> None:
    out, name = console(), clean(workspace_id)
    if shown:
        out.print(_table(shown), "")
    if what == MISSED:
        out.print(f"{name}: {plural(len(found), 'contact')} without activity that Kapso has.")
    else:
        runs = plural(len({each["run_at"] for each in found}), "run")
        out.print(f"{name}: {plural(len(found), 'contact')} {what} since {iso(since)}, by {runs}.")
    if len(shown) < len(found):
        out.print(f"{len(shown)} shown, the newest first. Show more with --limit.")


def _table(documents: Iterable[Document]) -> Table:
    table = grid(("Run", "Contact", "What", "Activity", "Note"), fold=("Contact", "Note"))
    for each in documents:
        name = each["name"] or each["kapso_name"]
        contact = Stacked([clean(part) for part in (each["contact_id"], name) if part])
        at = iso(each["missed_activity"] if each["what"] == MISSED else each["last_activity"], seconds=False)
        note = "-" if each["note"] is None else shortened(clean(each["note"]), NOTE_WIDTH)
        table.add_row(iso(each["run_at"], seconds=False), contact, each["what"], at, note)
    return table

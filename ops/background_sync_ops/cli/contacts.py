"""`background-sync contacts`."""
# ruff: noqa: PLC0415

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, SupportsFloat

import typer
from rich.console import Console
from rich.table import Table

from background_sync.rules.policy import read_policy
from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions, WorkspaceId
from background_sync_ops.cli.options import since as parse_since
from background_sync_ops.cli.output import (
    Stacked,
    clean,
    console,
    grid,
    plural,
    print_json,
    shortened,
    state,
    waiting,
)
from background_sync_ops.cli.times import Since, ago, iso, span
from background_sync_ops.errors import OK

if TYPE_CHECKING:
    from background_sync_ops.contacts import ContactList

SHOWN = 50
NOTE_WIDTH = 60
SINCE = "DURATION|ISO8601"
OPTIONS = {"repaired": "--repaired-since", "flagged": "--flagged-since", "missed": "--missed"}
Document = Mapping[str, Any]


@command(exit_status("0 done"))
def contacts(
    stack: StackOptions,
    workspace: WorkspaceId,
    stale: Annotated[bool, typer.Option("--stale", help="Show stale contacts only.")] = False,
    repaired_since: Annotated[
        Since | None,
        typer.Option(
            parser=parse_since,
            metavar=SINCE,
            help="Show the contacts that sync repaired or created since then.",
        ),
    ] = None,
    flagged_since: Annotated[
        Since | None,
        typer.Option(
            parser=parse_since, metavar=SINCE, help="Show the contacts that sync flagged since then."
        ),
    ] = None,
    missed: Annotated[
        bool, typer.Option("--missed", help="Show the contacts that lack activity which Kapso has.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="50; with --json and --csv, all",
            help="How many to show: the longest quiet first, or the newest run.",
        ),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print what sync did as CSV on stdout, with one line a contact.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show a workspace's contacts: last activity, stale or not, flag and notes.

    A contact is judged as of now, by the workspace's own settings. With --repaired-since, --flagged-since or
    --missed: what sync did to which contact, and which run did it. A contact remembers its last repair and
    its last flag.
    """
    sinces = {"repaired": repaired_since, "flagged": flagged_since, "missed": Since(0) if missed else None}
    wanted = [(what, since) for what, since in sinces.items() if since is not None]
    form = _form(as_csv=as_csv, as_json=as_json, findings=bool(wanted))
    lists = [*(OPTIONS[what] for what, _ in wanted), *(["--stale"] if stale else [])]
    if len(lists) > 1:
        raise typer.BadParameter(f"{' and '.join(lists)} are lists of their own: use one of them")
    target, shown = stack.target(), limit if form != "table" or limit else SHOWN
    if wanted:
        from background_sync_ops.cli.findings import show_findings

        what, since = wanted[0]
        return show_findings(target, workspace, what, since.at(target.clock.now()), limit=shown, form=form)
    from background_sync_ops.contacts import ContactList, Judge
    from background_sync_ops.workspaces import find_workspace

    database = target.connect()
    policy, _ = read_policy(find_workspace(target, database, workspace).get("settings"))
    found = ContactList(workspace, Judge(target.clock.now(), policy))
    with waiting("reading contacts"):
        found.read(database, shown, only_stale=stale)
    if as_json:
        print_json(found.document())
    else:
        print_contacts(console(), found)
    return OK


def _form(*, as_csv: bool, as_json: bool, findings: bool) -> str:
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json are two forms of the same: use one of them")
    if as_csv and not findings:
        raise typer.BadParameter(f"--csv goes with {', '.join(OPTIONS.values())}")
    return "csv" if as_csv else "json" if as_json else "table"


def print_contacts(out: Console, found: "ContactList") -> None:
    now, threshold = found.judge.now, span(found.judge.policy.stale_threshold_ms)
    if found.contacts:
        out.print(_table(found.contacts, now), "")
    name, quiet = clean(found.workspace_id), f"quiet for over {threshold}"
    out.print(f"{name} at {iso(now)}: {plural(found.total, 'contact')}, {found.stale} stale ({quiet}).")
    if len(found.contacts) < found.total:
        out.print(f"{len(found.contacts)} shown, the longest quiet first. Show more with --limit.")


def _table(documents: list[dict[str, Any]], now: int) -> Table:
    table = grid(("Contact", "Last activity", "State", "Flagged", "Notes"), fold=("Contact", "Notes"))
    for each in documents:
        activity = _activity(each["last_activity"], now)
        table.add_row(_contact(each), activity, _state(each), _flag(each, now), _notes(each["notes"]))
    return table


def _contact(document: Document) -> Stacked:
    name = document["name"] or document["kapso_name"]
    return Stacked([clean(each) for each in (document["contact_id"], name) if each])


def _activity(at: int | None, now: int) -> Stacked:
    return Stacked(["unreadable"] if at is None else [iso(at, seconds=False), ago(at, now)])


def _state(document: Document) -> Stacked:
    shown, lead = state("stale" if document["stale"] else document["verdict"]), document["lead_status"]
    return Stacked([shown, clean(lead)] if lead else [shown])


def _flag(document: Document, now: int) -> str | Stacked:
    try:
        flagged_at = float(document["flagged_at"] or 0)
    except (TypeError, ValueError):
        return "unreadable"
    if not flagged_at:
        return "-"
    until = document["cooldown_until"]
    cooldown = [f"cooldown {span(until - now)}"] if until else []
    return Stacked([iso(flagged_at, seconds=False), *cooldown])


def _notes(notes: object) -> str:
    if not isinstance(notes, list):
        return "unreadable"
    if not notes:
        return "-"
    newest = max(enumerate(notes), key=_age)[1]
    content = newest.get("content") if isinstance(newest, Mapping) else newest
    return f"{len(notes)}: {shortened(clean(content), NOTE_WIDTH)}"


def _age(numbered: tuple[int, object]) -> tuple[float, int]:
    """Sorts notes by their time; notes without a time come first, in their order."""
    position, note = numbered
    at = note.get("added_at") if isinstance(note, Mapping) else None
    return (float(at) if isinstance(at, SupportsFloat) else 0.0), position

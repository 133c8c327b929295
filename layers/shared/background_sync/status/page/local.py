"""Pages that name workspaces and people: of the local stack alone."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from background_sync.rules.values import InvalidRecord, read_time
from background_sync.rules.workspace import SKIPPED
from background_sync.status.history import Document
from background_sync.status.page.html import Child, Html, el, join
from background_sync.status.page.layout import document
from background_sync.status.page.status import section
from background_sync.status.page.words import NONE, span, time_tag
from background_sync.status.workspaces import Page

NAV = el(
    "nav", el("a", "Status", href="/"), " · ", el("a", "Workspaces", href="/#workspaces"), aria_label="Pages"
)
WELL = "well"
WORDS = {
    WELL: ("OK", "pass"),
    "failing": ("Failing", "fail"),
    "failed": ("Failed", "fail"),
    "deferred": ("Deferred", "warn"),
    "webhook_off": ("Webhook off", "warn"),
    "inactive": ("Inactive", "plain"),
    "never_run": ("Never run", "plain"),
    "running": ("Running", "plain"),
    "completed": ("Completed", "pass"),
}


def address(**parameters: str) -> str:
    """Where a page is; ids may hold anything, so they travel as parameters."""
    return f"/?{urlencode(parameters)}"


def workspaces_section(page: Page, cursor: str | None) -> Html:
    """A page of the workspaces, and where the next one is."""
    names = ("Workspace", "State", "Last success", "Stale", "Flagged", "Repaired", "Verification")
    table = _table(
        names, [_workspace_row(each) for each in page.workspaces], numbers=("Stale", "Flagged", "Repaired")
    )
    more = (
        el("p", el("a", "More workspaces", href=address(cursor=cursor) + "#workspaces")) if cursor else None
    )
    return section("workspaces", "Workspaces", _scrolled("Table of workspaces", table), more)


def _workspace_row(workspace: Document) -> Html:
    workspace_id = workspace["workspace_id"]
    name = el("a", workspace["name"] or workspace_id, href=address(workspace_id=workspace_id))
    counts = (workspace["stale_found"], workspace["flagged"], _sum(workspace, "repaired", "created"))
    return el(
        "tr",
        el("th", name, el("div", workspace_id, class_="id"), scope="row", class_="wrap"),
        el("td", *_state(workspace)),
        el("td", time_tag(workspace["last_success_at"])),
        [el("td", _number(count), class_="n") for count in counts],
        el("td", _verification(workspace)),
    )


def _state(workspace: Document) -> Iterator[Html]:
    yield from _badges(workspace["states"] or [WELL])
    if workspace["inactive_why"] is not None:
        yield el("span", SKIPPED[workspace["inactive_why"]], class_="id")


def _badges(states: Sequence[str]) -> Iterator[Html]:
    for state in states:
        word, kind = WORDS.get(state, (state, "plain"))
        yield join(el("span", word, class_=f"badge {kind}"), " ")


def _verification(workspace: Document) -> str:
    age_ms = workspace["watermark_age_ms"]
    return workspace["verify"] if age_ms is None else f"{workspace['verify']}, {span(age_ms / 1000)} ago"


def workspace_page(
    workspace: Document, runs: Sequence[Document], contacts: Sequence[Mapping[str, object]], now: int
) -> Html:
    """A workspace with its last runs and its flagged contacts."""
    name = workspace["name"] or workspace["workspace_id"]
    title = el("section", el("h1", name), el("p", el("code", workspace["workspace_id"])))
    return document(
        name,
        None,
        now,
        title,
        section("now", "Now", _facts(workspace)),
        section("runs", "The last runs", _scrolled("Table of runs", _runs(runs))),
        section("contacts", "Flagged contacts", _contacts(contacts)),
        nav=NAV,
    )


def _facts(workspace: Document) -> Html:
    facts: tuple[tuple[str, Child], ...] = (
        ("State", list(_state(workspace))),
        ("Last success", time_tag(workspace["last_success_at"])),
        ("Next due", time_tag(workspace["next_due_at"])),
        ("Verification", _verification(workspace)),
        ("Webhook", workspace["webhook"] or NONE),
    )
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in facts], class_="figures")


def _runs(runs: Sequence[Document]) -> Html:
    names = ("Run", "Status", "Checked", "Stale", "Flagged", "Repaired", "What it says")
    return _table(names, [_run_row(run) for run in runs], numbers=names[2:6])


def _run_row(run: Document) -> Html:
    counts = [run[name] for name in ("contacts_checked", "stale_found", "flagged")]
    counts.append(_sum(run, "repaired", "created"))
    said = ": ".join(str(run[name]) for name in ("skip_reason", "deferred_why", "error") if run[name])
    return el(
        "tr",
        el("th", time_tag(run["run_at"]), scope="row"),
        el("td", *_badges([run["status"] or NONE])),
        [el("td", _number(count), class_="n") for count in counts],
        el("td", said or NONE, class_="wrap"),
    )


def _contacts(contacts: Sequence[Mapping[str, object]]) -> Html:
    if not contacts:
        return el("p", "None.", class_="note")
    names = ("Contact", "Last activity", "Flagged", "Newest note")
    return _scrolled("Table of flagged contacts", _table(names, [_contact_row(each) for each in contacts]))


def _contact_row(contact: Mapping[str, object]) -> Html:
    name = contact.get("name") or contact.get("kapso_name") or "Without a name"
    return el(
        "tr",
        el("th", str(name), el("div", str(contact["contact_id"]), class_="id"), scope="row", class_="wrap"),
        el("td", time_tag(_time(contact, "last_activity_at"))),
        el("td", time_tag(_time(contact, "flagged_at"))),
        el("td", _newest_note(contact.get("notes")), class_="wrap"),
    )


def _time(contact: Mapping[str, object], name: str) -> int | None:
    try:
        return read_time(contact, name)
    except InvalidRecord:
        return None


def _newest_note(notes: object) -> str:
    newest = notes[-1] if isinstance(notes, list) and notes else NONE
    return str(newest.get("content") or NONE) if isinstance(newest, Mapping) else str(newest)


def _table(names: Sequence[str], rows: Sequence[Html], numbers: Sequence[str] = ()) -> Html:
    head = [el("th", name, scope="col", class_="n" if name in numbers else None) for name in names]
    return el("table", el("thead", el("tr", head)), el("tbody", rows))


def _scrolled(label: str, table: Html) -> Html:
    return el("div", table, class_="scroll whole", role="region", aria_label=label, tabindex=0)


def _sum(document_: Document, *names: str) -> int | None:
    counts = [document_[name] for name in names if document_[name] is not None]
    return sum(counts) if counts else None


def _number(count: int | None) -> str:
    return NONE if count is None else f"{count:,}"


def not_found(now: int) -> Html:
    """There is no such workspace."""
    words = el(
        "section", el("h1", "No such workspace"), el("p", el("a", "All workspaces", href="/#workspaces"))
    )
    return document("No such workspace", None, now, words, nav=NAV)

"""The list of workspaces and the page of one, as HTML."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlencode

from background_sync.status.answers import to_cursor
from background_sync.status.history import Document
from background_sync.status.page.html import Child, Html, el, join
from background_sync.status.page.layout import document, message
from background_sync.status.page.status import section
from background_sync.status.page.words import NONE, span, time_tag
from background_sync.status.workspaces import INACTIVE, STATES
from background_sync_ops.reasons import deferred_why, reasons

Row = Sequence[Child]
NAV = el(
    "nav", el("a", "Status", href="/"), " · ", el("a", "Workspaces", href="/#workspaces"), aria_label="Pages"
)
LONG = ("State", "Details", "Note")
"""Columns that hold sentences."""
OK = "ok"
RANKS = (*STATES[: STATES.index(INACTIVE)], OK, *STATES[STATES.index(INACTIVE) :])
FINDINGS = {
    "flagged": "Flagged contacts",
    "repaired": "Repaired contacts",
    "missed": "Contacts without activity that Kapso has",
}
BADGES = {
    OK: ("OK", "pass"),
    "failing": ("Failing", "fail"),
    "failed": ("Failed", "fail"),
    "deferred": ("Deferred", "warn"),
    "webhook_off": ("Webhook off", "warn"),
    "reception_lost": ("Kapso does not hear Meta", "fail"),
    "invalid_settings": ("Unusable setting", "warn"),
    "inactive": ("Inactive", "plain"),
    "never_run": ("Never run", "plain"),
    "running": ("Running", "plain"),
    "completed": ("Completed", "pass"),
    "superseded": ("Superseded", "plain"),
    "skipped": ("Skipped", "plain"),
}
"""The states of workspaces and runs: what the badge says, and its style."""


def worst_first(workspaces: Iterable[Document]) -> list[Document]:
    """Those with a problem, the worst first, then those that are well, then the inactive ones."""
    return sorted(
        workspaces, key=lambda each: (min(map(RANKS.index, each["states"] or [OK])), each["workspace_id"])
    )


def workspaces_section(workspaces: Sequence[Document], begin: int, shown: int) -> Html:
    """The section of the status page: `shown` of the workspaces, in their order, from number `begin`."""
    names = ("Workspace", "State", "Last success", "Quiet", "Flagged", "Repaired", "Verification")
    listed = workspaces[begin : begin + shown]
    table = _table("Table of workspaces", names, map(_workspace_row, listed), numbers=names[3:6])
    if len(listed) == len(workspaces):
        content = table if listed else el("p", "None yet.", class_="note")
        return section("workspaces", "Workspaces", content)
    end = begin + len(listed)
    numbers = (
        f"{len(listed)} of {len(workspaces):,}"
        if not begin
        else f"{begin + 1} to {end} of {len(workspaces):,}"
    )
    text = el("p", f"{numbers} workspaces, those with a problem first.", class_="note")
    cursor = to_cursor(listed[-1]["workspace_id"]) if listed and end < len(workspaces) else None
    more = (
        el("p", el("a", "More workspaces", href=f"{_address(cursor=cursor)}#workspaces")) if cursor else None
    )
    return section("workspaces", "Workspaces", text, table, more)


def workspace_page(
    workspace: Document, runs: Sequence[Document], findings: Mapping[str, Sequence[Document]], now: int
) -> Html:
    """A workspace with its last runs, and the contacts that sync flagged, repaired or found behind."""
    name = workspace["name"] or workspace["workspace_id"]
    run_names = ("Run", "Status", "Checked", "Quiet", "Flagged", "Repaired", "Details")
    return document(
        name,
        None,
        now,
        el("section", el("h1", name), el("p", el("code", workspace["workspace_id"]))),
        section("now", "Now", _facts(workspace)),
        section(
            "runs",
            "The last runs",
            _table("Table of runs", run_names, map(_run_row, runs), numbers=run_names[2:6]),
        ),
        [_contacts(what, found) for what, found in findings.items()],
        nav=NAV,
    )


def not_found(now: int) -> Html:
    return message("No such workspace", el("a", "All workspaces", href="/#workspaces"), now, NAV)


def _address(**parameters: str) -> str:
    """An id may hold any character, so it travels as a parameter and not in the path."""
    return f"/?{urlencode(parameters)}"


def _workspace_row(workspace: Document) -> Row:
    workspace_id = workspace["workspace_id"]
    link = el("a", workspace["name"] or workspace_id, href=_address(workspace_id=workspace_id))
    return (
        [link, el("div", workspace_id, class_="id")],
        list(_state(workspace)),
        time_tag(workspace["last_success_at"]),
        *_counts(workspace, "stale_found", "flagged"),
        _verification(workspace),
    )


def _facts(workspace: Document) -> Html:
    facts: tuple[tuple[str, Child], ...] = (
        ("State", list(_state(workspace))),
        ("Last success", time_tag(workspace["last_success_at"])),
        ("Next due", time_tag(workspace["next_due_at"])),
        ("Verification", _verification(workspace)),
        ("Webhook", ": ".join(filter(None, (workspace["webhook"], workspace["webhook_missing"]))) or NONE),
        ("Kapso hears Meta", (workspace["reception"] or NONE).replace("_", " ")),
    )
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in facts], class_="figures")


def _run_row(run: Document) -> Row:
    details = ": ".join(filter(None, (run["skip_reason"], deferred_why(run), run["error"])))
    return (
        time_tag(run["run_at"]),
        list(_badges([_run_state(run)])),
        *_counts(run, "contacts_checked", "stale_found", "flagged"),
        details or NONE,
    )


def _contacts(what: str, found: Sequence[Document]) -> Html:
    title = FINDINGS[what]
    names = ("Contact", "Last activity", "Run", "Note")
    table = _table(f"Table of {title.lower()}", names, map(_contact_row, found))
    return section(what, title, table if found else el("p", "None.", class_="note"))


def _contact_row(contact: Document) -> Row:
    name = contact["name"] or contact["kapso_name"] or "Without a name"
    note = NONE if contact["note"] is None else str(contact["note"])
    return (
        [str(name), el("div", str(contact["contact_id"]), class_="id")],
        time_tag(contact["last_activity"]),
        time_tag(contact["run_at"]),
        note,
    )


def _state(workspace: Document) -> Iterator[Html]:
    yield from _badges(workspace["states"] or [OK])
    for reason in reasons(workspace):
        yield el("div", reason, class_="id")


def _run_state(run: Document) -> str:
    """A run that could not ask Kapso, or had nothing to do, is completed too."""
    if run["status"] != "completed":
        return run["status"] or NONE
    return next((name for name in ("superseded", "skipped", "deferred") if run[name]), "completed")


def _badges(states: Sequence[str]) -> Iterator[Html]:
    for state in states:
        word, style = BADGES.get(state, (state, "plain"))
        yield join(el("span", word, class_=f"badge {style}"), " ")


def _verification(workspace: Document) -> str:
    age_ms = workspace["watermark_age_ms"]
    return workspace["verify"] if age_ms is None else f"{workspace['verify']}, {span(age_ms / 1000)} ago"


def _counts(found: Document, *names: str) -> list[str]:
    """These counts, and that of the repaired and created contacts together."""
    fixed = [found[name] for name in ("repaired", "created") if found[name] is not None]
    counts = [*(found[name] for name in names), sum(fixed) if fixed else None]
    return [NONE if count is None else f"{count:,}" for count in counts]


def _table(label: str, names: Sequence[str], rows: Iterable[Row], numbers: Sequence[str] = ()) -> Html:
    """A table; on a phone, each row is a card that names its values."""
    styles = ["n" if name in numbers else "wrap" if name in LONG else None for name in names]
    head = [el("th", name, scope="col", class_=style) for name, style in zip(names, styles, strict=True)]
    body = [
        el("tr", el("th", first, scope="row", class_="wrap"), map(_cell, names[1:], styles[1:], values))
        for first, *values in rows
    ]
    table = el("table", el("thead", el("tr", head)), el("tbody", body), class_="cards")
    return el("div", table, class_="scroll whole", role="region", aria_label=label, tabindex=0)


def _cell(name: str, style: str | None, value: Child) -> Html:
    return el("td", el("div", value), class_=style, data_name=name)

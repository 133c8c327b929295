"""The list of workspaces and the page of one, as HTML."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlencode

from background_sync.rules.values import valid_time
from background_sync.rules.workspace import SKIP_REASONS
from background_sync.status.history import Document
from background_sync.status.page.html import Child, Html, el, join
from background_sync.status.page.layout import document
from background_sync.status.page.status import section
from background_sync.status.page.words import NONE, span, time_tag
from background_sync.status.workspaces import Page

NAV = el(
    "nav", el("a", "Status", href="/"), " · ", el("a", "Workspaces", href="/#workspaces"), aria_label="Pages"
)
OK = "ok"
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
DEFERRED_WHY = {
    "invalid_phone_id": "kapso_phone_id is not one of Kapso's",
    "unauthorized": "Kapso refuses the key",
    "number_unknown": "Kapso does not know the number",
    "rejected": "Kapso refused the request",
    "rate_limited": "Kapso asks for a pause",
    "budget_spent": "the key's requests are used up",
    "unavailable": "Kapso did not answer",
    "invalid_response": "Kapso's answer makes no sense",
    "no_token": "the key cannot be read",
}


def workspaces_section(page: Page, cursor: str | None) -> Html:
    """The section of the status page; `cursor` leads to the next workspaces."""
    names = ("Workspace", "State", "Last success", "Stale", "Flagged", "Repaired", "Verification")
    table = _table("Table of workspaces", names, map(_workspace_row, page.workspaces), numbers=names[3:6])
    more = el("a", "More workspaces", href=f"{_address(cursor=cursor)}#workspaces") if cursor else None
    return section("workspaces", "Workspaces", table, more and el("p", more))


def workspace_page(
    workspace: Document, runs: Sequence[Document], contacts: Sequence[Mapping[str, object]], now: int
) -> Html:
    """A workspace with its last runs and its flagged contacts."""
    name = workspace["name"] or workspace["workspace_id"]
    run_names = ("Run", "Status", "Checked", "Stale", "Flagged", "Repaired", "Details")
    contact_names = ("Contact", "Last activity", "Flagged", "Newest note")
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
        section(
            "contacts",
            "Flagged contacts",
            _table("Table of flagged contacts", contact_names, map(_contact_row, contacts))
            if contacts
            else el("p", "None.", class_="note"),
        ),
        nav=NAV,
    )


def not_found(now: int) -> Html:
    title = "No such workspace"
    link = el("p", el("a", "All workspaces", href="/#workspaces"))
    return document(title, None, now, el("section", el("h1", title), link), nav=NAV)


def _address(**parameters: str) -> str:
    """An id may hold any character, so it travels as a parameter and not in the path."""
    return f"/?{urlencode(parameters)}"


def _workspace_row(workspace: Document) -> Html:
    workspace_id = workspace["workspace_id"]
    link = el("a", workspace["name"] or workspace_id, href=_address(workspace_id=workspace_id))
    return el(
        "tr",
        el("th", link, el("div", workspace_id, class_="id"), scope="row", class_="wrap"),
        el("td", *_state(workspace)),
        el("td", time_tag(workspace["last_success_at"])),
        _counts(workspace, "stale_found", "flagged"),
        el("td", _verification(workspace)),
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


def _run_row(run: Document) -> Html:
    why = _deferred_why(run)
    details = ": ".join(filter(None, (run["skip_reason"], why, run["error"])))
    return el(
        "tr",
        el("th", time_tag(run["run_at"]), scope="row"),
        el("td", *_badges([_run_state(run)])),
        _counts(run, "contacts_checked", "stale_found", "flagged"),
        el("td", details or NONE, class_="wrap"),
    )


def _contact_row(contact: Mapping[str, object]) -> Html:
    name = contact.get("name") or contact.get("kapso_name") or "Without a name"
    return el(
        "tr",
        el("th", str(name), el("div", str(contact["contact_id"]), class_="id"), scope="row", class_="wrap"),
        el("td", time_tag(valid_time(contact, "last_activity_at"))),
        el("td", time_tag(valid_time(contact, "flagged_at"))),
        el("td", _newest_note(contact.get("notes")), class_="wrap"),
    )


def _state(workspace: Document) -> Iterator[Html]:
    yield from _badges(workspace["states"] or [OK])
    for reason in _reasons(workspace):
        yield el("div", reason, class_="id")


def _reasons(workspace: Document) -> Iterator[str]:
    if "failing" in workspace["states"]:
        yield workspace["error"] or NONE
    if "reception_lost" in workspace["states"]:
        yield workspace["reception"].replace("_", " ")
    if "deferred" in workspace["states"]:
        yield _deferred_why(workspace) or NONE
    if "webhook_off" in workspace["states"]:
        yield ": ".join(filter(None, (workspace["webhook"], workspace["webhook_missing"])))
    if workspace["inactive_why"] is not None:
        yield SKIP_REASONS[workspace["inactive_why"]]
    for name, why in workspace["invalid_settings"].items():
        yield f"{name} is {why}: the default is used"


def _run_state(run: Document) -> str:
    """A run that could not ask Kapso, or had nothing to do, is completed too."""
    if run["status"] != "completed":
        return run["status"] or NONE
    return next((name for name in ("superseded", "skipped", "deferred") if run[name]), "completed")


def _deferred_why(document: Document) -> str | None:
    why = document["deferred_why"]
    return DEFERRED_WHY.get(why, why)


def _badges(states: Sequence[str]) -> Iterator[Html]:
    for state in states:
        word, style = BADGES.get(state, (state, "plain"))
        yield join(el("span", word, class_=f"badge {style}"), " ")


def _verification(workspace: Document) -> str:
    age_ms = workspace["watermark_age_ms"]
    return workspace["verify"] if age_ms is None else f"{workspace['verify']}, {span(age_ms / 1000)} ago"


def _counts(found: Document, *names: str) -> list[Html]:
    """The cells of these counts, and of the repaired and created contacts together."""
    fixed = [found[name] for name in ("repaired", "created") if found[name] is not None]
    counts = [*(found[name] for name in names), sum(fixed) if fixed else None]
    return [el("td", NONE if count is None else f"{count:,}", class_="n") for count in counts]


def _newest_note(notes: object) -> str:
    newest = notes[-1] if isinstance(notes, list) and notes else NONE
    return str(newest.get("content") or NONE) if isinstance(newest, Mapping) else str(newest)


def _table(label: str, names: Sequence[str], rows: Iterable[Html], numbers: Sequence[str] = ()) -> Html:
    head = [el("th", name, scope="col", class_="n" if name in numbers else None) for name in names]
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return el("div", table, class_="scroll whole", role="region", aria_label=label, tabindex=0)

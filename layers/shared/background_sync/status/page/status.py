"""The status page: how sync is doing, for people, at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from background_sync.status.checks import NO_SWEEP_YET, SWEEP_IN_FUTURE, Check, Report
from background_sync.status.history import Document
from background_sync.status.page.chart import Amounts, chart, has_compared
from background_sync.status.page.html import Child, Html, el
from background_sync.status.page.layout import document, icon
from background_sync.status.page.words import NONE, badge, percent, share, span, time_tag
from background_sync.status.runbook import GUIDES, is_on_the_web, runbook_link
from background_sync.status.thresholds import State

HEADLINES = {
    State.PASS: "Everything is in order",
    State.WARN: "Working, but something needs attention",
    State.FAIL: "Background sync is failing",
}
PROBLEMS: Mapping[str | None, str] = {
    NO_SWEEP_YET: "No sweep has run yet.",
    SWEEP_IN_FUTURE: "A sweep of a time in the future was started. The next sweep removes its record.",
}
"""What the page says of an output instead of the check's usual problem."""
WITHOUT_VALUE = ("deadLetters:waiting", "verification:unreadable")
"""Checks that say only whether there are any, unless totals are public."""
COMPARED = {"repaired", "behind"}
QUIET = """A contact is quiet after a time without activity, which alone is no fault. In a workspace with
verification, those of whom Kapso has nothing newer either are left alone. Without verification nobody can
tell quiet from missed, so they are flagged for a person, in turn."""
BEFORE_FIRST_SWEEP = "Waiting for the first sweep"


@dataclass(frozen=True, slots=True)
class StatusPage:
    """`interval_ms` is the time between two sweeps."""

    interval_ms: int
    public_totals: bool
    runbook_url: str

    def page(self, report: Report, *more: Child, nav: Child = None) -> Html:
        """The page; `more` is shown below the chart."""
        return document(
            "Background Sync",
            report.state,
            report.observation.now,
            _banner(report),
            self._problems(report),
            self._history(report),
            self._figures(report),
            *more,
            _all_checks(report.checks),
            nav=nav,
        )

    def _problems(self, report: Report) -> Html | None:
        """The checks that do not pass and what to do about them, the worst first."""
        problems = [self._problem(check) for check in _not_passing(report)]
        if not problems:
            return None
        return section("todo", "What to do", el("ul", problems, class_="todo", role="list"))

    def _problem(self, check: Check) -> Html:
        guide = GUIDES[check.name]
        is_said = check.output in PROBLEMS or _observed(check) == NONE
        observed = None if is_said else f" Now: {_observed(check)}."
        problem = PROBLEMS.get(check.output, guide.problem)
        words = el(
            "div",
            el("h3", guide.title, " ", badge(check.state)),
            el("p", problem, observed),
            el("p", guide.fix),
        )
        start = el("p", "Start with ", el("code", guide.command))
        more = el("p", "More in ", self._runbook(check.name), class_="note")
        return el("li", words, el("div", start, more, class_="begin"))

    def _runbook(self, check: str) -> Html:
        address = runbook_link(self.runbook_url, check)
        if is_on_the_web(address):
            return el("a", "the runbook", href=address)
        return el("code", address)

    def _figures(self, report: Report) -> Html | None:
        """The last finished sweep in numbers."""
        seen, sweep = report.observation, report.observation.last_finished
        if sweep is None:
            return None
        finished_ago = f"{span(max(0, seen.now - sweep['run_at']) // 1000)} ago"
        due_s = (int(seen.sweeps[0]["run_at"]) + self.interval_ms - seen.now) // 1000
        next_due = f"in {span(due_s)}" if due_s >= 0 else f"{span(-due_s)} late"
        quiet, note = self._amount(sweep, "stale_found")
        confirmed = percent(share(sweep["confirmed_quiet"], sweep["stale_found"]))
        figures: tuple[tuple[str, str, Child], ...] = (
            ("Last finished sweep", finished_ago, time_tag(sweep["run_at"])),
            ("Next sweep", next_due, f"one every {span(self.interval_ms // 1000)}"),
            ("Missed and repaired", *self._amount(sweep, "repaired", "created")),
            ("Missed, not repaired", *self._amount(sweep, "behind", "missing")),
            ("Flagged for a person", *self._amount(sweep, "flagged")),
            ("Quiet contacts", quiet, f"{note}; Kapso confirms {confirmed} of them"),
        )
        items = [
            el("div", el("dt", name), el("dd", value, el("small", note))) for name, value, note in figures
        ]
        return section(
            "figures",
            "The last finished sweep",
            el("dl", items, class_="figures"),
            el("p", QUIET, class_="note"),
        )

    def _amount(self, sweep: Document, *names: str) -> tuple[str, str]:
        """A count of contacts and what share it is. Without public totals, only the share."""
        if not sweep["completed"]:
            return NONE, "no run was completed"
        if COMPARED & set(names) and not has_compared(sweep):
            return NONE, "nothing was compared with Kapso"
        count, checked = sum(sweep[name] for name in names), sweep["contacts_checked"]
        part = percent(share(count, checked))
        if self.public_totals:
            return f"{count:,}", f"{part} of {checked:,} contacts"
        return part, "of the contacts" if checked else "there are no contacts"

    def _history(self, report: Report) -> Html:
        seen = report.observation
        sweeps = seen.sweeps
        title = f"The last {len(sweeps)} sweeps" if len(sweeps) > 1 else "The sweeps"
        return section(
            "history", title, chart(sweeps, Amounts(self.public_totals), seen.now, self.interval_ms)
        )


def section(name: str, title: str, *content: Child) -> Html:
    heading = el("h2", title, id=f"{name}-title")
    return el("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def _banner(report: Report) -> Html:
    is_new = not report.observation.sweeps and report.state is State.WARN
    headline = BEFORE_FIRST_SWEEP if is_new else HEADLINES[report.state]
    words = el("div", el("h1", headline), el("p", _summary(report)))
    return el("section", icon(report.state), words, class_=f"state {report.state}")


def _summary(report: Report) -> str:
    problems, total = _not_passing(report), len(report.checks)
    if not problems:
        unknown = sum(not check.is_known for check in report.checks)
        if unknown:
            return f"{total - unknown} of {total} checks pass, and {unknown} cannot be judged yet."
        return f"All {total} checks pass: sweeps finish in time, no run fails, no message waits for too long."
    parts = []
    for state, verb in ((State.FAIL, "fail"), (State.WARN, "warn")):
        names = [GUIDES[check.name].title.lower() for check in problems if check.state is state]
        if names:
            ending = "s" if len(names) == 1 else ""
            parts.append(f"{len(names)} of {total} checks {verb}{ending}: {', '.join(names)}.")
    return " ".join(parts)


def _not_passing(report: Report) -> Sequence[Check]:
    found = [check for check in report.checks if check.state is not State.PASS]
    return sorted(found, key=lambda check: -check.state)


def _all_checks(checks: Sequence[Check]) -> Html:
    head = el("tr", [el("th", name, scope="col") for name in ("Check", "State", "Observed")])
    rows = [
        el(
            "tr",
            el("th", GUIDES[check.name].title, scope="row"),
            el("td", badge(check.state, is_known=check.is_known)),
            el("td", _observed(check)),
        )
        for check in checks
    ]
    return section("checks", "All checks", el("table", el("thead", head), el("tbody", rows)))


def _observed(check: Check) -> str:
    if check.value is None:
        if check.output or not check.is_known or check.name not in WITHOUT_VALUE:
            return check.output or NONE
        return "none" if check.state is State.PASS else "some"
    value = _value(check.name, check.value, check.unit)
    return f"{value} ({check.output})" if check.output else value


def _value(name: str, value: float, unit: str | None) -> str:
    if name == "queue:age":
        return span(value) if value else "none open"
    if unit == "s":
        return f"{span(value)} ago"
    if unit == "ratio":
        return f"{percent(value)} of the runs"
    return f"{percent(value)} of a sweep" if unit == "sweeps" else f"{value:,.0f} {unit}"

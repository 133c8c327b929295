"""The last sweeps: a strip of one tick a sweep, lanes of what they found, and a table.

All share one time axis. An interval in which no sweep ran has a place of its own on it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from background_sync.rules.counts import DRIFT
from background_sync.status.history import Document
from background_sync.status.page.html import Child, Html, el, join
from background_sync.status.page.words import day_and_hour, percent, share, time_tag

SLOTS = 48
QUARTERS = 4
SLOT, BAR, HEIGHT = 10, 8, 40
VISIBLE = 3
"""The least height of an amount above 0, however small it is."""
SCALE_ENDS = (0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
OUTCOMES = {
    "failed": "with failed runs",
    "deferred": "with deferred runs",
    "passed": "passed",
    "open": "not finished",
    "missing": "missing",
}
"""What may become of a sweep; a missing one did not run."""
MISSED = {"repaired": "repaired", "left": "not repaired"}
FLAGGED = {"flagged": "flagged"}
FOUND = {**MISSED, **FLAGGED, "quiet": "quiet"}


@dataclass(frozen=True, slots=True)
class Column:
    """A sweep. `values` has the shares of the runs by outcome, and what was found by `FOUND`.

    The latter are shares of the contacts, or counts if totals are public; None is not known.
    """

    run_at: int
    outcome: str
    values: Mapping[str, float | None]

    @property
    def result(self) -> str:
        parts = [OUTCOMES[self.outcome]] if self.outcome in ("open", "missing") else []
        shares = {name: self.values.get(name) for name in ("failed", "deferred")}
        parts += [f"{percent(part)} of the runs {name}" for name, part in shares.items() if part]
        return ", ".join(parts) or "passed"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Turns counts into what the chart shows: shares only, unless totals are public."""

    public_totals: bool

    def column(self, sweep: Document) -> Column:
        checked = sweep["contacts_checked"] if sweep["completed"] else None
        compared = checked if has_compared(sweep) else None
        failed, deferred = (share(sweep[name], sweep["dispatched"]) or 0 for name in ("failed", "deferred"))
        is_open = not sweep["finished"]
        values = {
            "failed": failed,
            "deferred": deferred,
            "passed": 0 if is_open else 1 - failed - deferred,
            "open": 0.5 if is_open else 0,
            "repaired": self._of(sweep["repaired"] + sweep["created"], compared),
            "left": self._of(sweep["behind"] + sweep["missing"], compared),
            "flagged": self._of(sweep["flagged"], checked),
            "quiet": self._of(sweep["stale_found"], checked),
        }
        outcome = "open" if is_open else "failed" if failed else "deferred" if deferred else "passed"
        return Column(sweep["run_at"], outcome, values)

    def _of(self, number: int, total: int | None) -> float | None:
        if total is None:
            return None
        return number if self.public_totals else share(number, total)

    def text(self, amount: float | None) -> str:
        return f"{amount:,.0f}" if self.public_totals and amount is not None else percent(amount)

    def top(self, amounts: Sequence[float]) -> float:
        """A round number at which a scale for all these amounts ends."""
        highest = max(amounts, default=0)
        if not self.public_totals:
            return next((step for step in SCALE_ENDS if highest <= step), 1.0)
        steps = (step * 10.0**power for power in count() for step in (2, 4, 10))
        return next(step for step in steps if highest <= step)


def chart(sweeps: Sequence[Document], amounts: Amounts, now: int, interval_ms: int) -> Html:
    """The newest `SLOTS` of the sweeps, which come newest first. The newest is on the right."""
    if not sweeps:
        return el("p", "No sweep yet.", class_="note")
    columns = list(_columns(sweeps, amounts, now, interval_ms))[:SLOTS]
    slots = next(number for number in (12, 24, SLOTS) if len(columns) <= number)
    drawing = _Drawing(columns[::-1], slots, amounts)
    figure = el(
        "figure",
        drawing.strip(),
        drawing.lane("Missed by webhooks", MISSED),
        drawing.lane("Flagged for a person", FLAGGED),
        drawing.axis(),
    )
    return join(el("p", missed(sweeps)), figure, _table(columns, amounts))


def _columns(sweeps: Sequence[Document], amounts: Amounts, now: int, interval_ms: int) -> Iterator[Column]:
    """The sweeps, and between them and until `now` those that are missing; the newest first."""
    later = now
    for sweep in sweeps[:SLOTS]:
        run_at = sweep["run_at"]
        gaps = min(SLOTS, round((later - run_at) / interval_ms) - 1)
        for number in range(gaps, 0, -1):
            yield Column(run_at + number * interval_ms, "missing", {"missing": 0.5})
        yield amounts.column(sweep)
        later = run_at


def has_compared(sweep: Document) -> bool:
    return any(sweep[name] for name in ("verified", "confirmed_quiet"))


def missed(sweeps: Sequence[Document]) -> str:
    """What webhooks missed, as far as the sweeps could tell."""
    found = sum(any(each[name] for name in DRIFT) for each in sweeps)
    if found:
        is_left = any(each["behind"] or each["missing"] for each in sweeps)
        fixed = "some of it was only reported" if is_left else "all of it was repaired"
        return f"In {found} of {len(sweeps)} sweeps, webhooks had missed something; {fixed}."
    if any(map(has_compared, sweeps)):
        return "No sweep found anything that webhooks had missed."
    return "Nothing was compared with Kapso, so nobody knows whether webhooks missed anything."


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws the columns, the oldest first, at the right end of `slots` places."""

    columns: Sequence[Column]
    slots: int
    amounts: Amounts

    @property
    def first(self) -> int:
        return self.slots - len(self.columns)

    def strip(self) -> Html:
        """One tick a sweep: how many of its runs failed (at the foot), were deferred, and passed."""
        counted = Counter(each.outcome for each in self.columns)
        legend = {kind: f"{counted[kind]} {words}" for kind, words in OUTCOMES.items() if counted[kind]}
        hits = [
            el("g", el("title", self._tooltip(each)), el("path", d=_bar(slot, 0, HEIGHT), class_="hit"))
            for slot, each in enumerate(self.columns, self.first)
        ]
        title = el("title", "The outcome of each of the last sweeps, as in the table", id="chart")
        drawn = self._svg(title, self._stacked(OUTCOMES, HEIGHT), hits, role="img", aria_labelledby="chart")
        return join(_head("Sweeps", legend), drawn)

    def lane(self, title: str, kinds: Mapping[str, str]) -> Html:
        """Bars of one or more amounts, one upon the other."""
        top = self.amounts.top([sum(each.values.get(kind) or 0 for kind in kinds) for each in self.columns])
        unit = "contacts" if self.amounts.public_totals else "of the contacts"
        scale = el("span", f"full height: {self.amounts.text(top)} {unit}", class_="scale")
        drawn = self._svg(self._stacked(kinds, HEIGHT / top), aria_hidden="true")
        return join(_head(title, kinds if len(kinds) > 1 else {}, scale), drawn)

    def axis(self) -> Html:
        """The time at the left end of each quarter."""
        starts = [number * self.slots // QUARTERS - self.first for number in range(QUARTERS)]
        times = [time_tag(self.columns[at].run_at) if at >= 0 else None for at in starts]
        cells = [el("span", each) for each in times[:-1]]
        return el("div", cells, el("span", times[-1], el("span", "now")), class_="axis")

    def _stacked(self, kinds: Mapping[str, str], scale: float) -> Iterator[Html]:
        """The bars of each kind as one path, upon those of the kinds before it."""
        levels = [0.0] * len(self.columns)
        for kind in kinds:
            path = ""
            for at, column in enumerate(self.columns):
                height = (column.values.get(kind) or 0) * scale
                low = levels[at]
                levels[at] = min(HEIGHT, low + max(VISIBLE, height)) if height > 0 else low
                path += _bar(self.first + at, low, levels[at]) if levels[at] > low else ""
            if path:
                yield el("path", d=path, class_=kind)

    def _svg(self, *content: Child, **attributes: str) -> Html:
        width = self.slots * SLOT
        lines = "".join(f"M{width * number // QUARTERS} 0V{HEIGHT}" for number in range(QUARTERS))
        frame = el("path", d=f"{lines}M0 {HEIGHT}H{width}", class_="grid")
        box = f"0 0 {width} {HEIGHT}"
        return el("svg", frame, *content, viewBox=box, preserveAspectRatio="none", **attributes)

    def _tooltip(self, column: Column) -> str:
        values = column.values.items()
        found = [f"{self.amounts.text(value)} {FOUND[name]}" for name, value in values if name in FOUND]
        return "; ".join((f"{day_and_hour(column.run_at)}: {column.result}", *found))


def _bar(slot: int, low: float, high: float) -> str:
    return f"M{slot * SLOT + 1} {HEIGHT - high:.3g}h{BAR}v{high - low:.3g}h-{BAR}z"


def _head(title: str, legend: Mapping[str, str], *more: Child) -> Html:
    swatches = [el("span", _swatch(kind), words) for kind, words in legend.items()]
    return el("div", el("h3", title), swatches, *more, class_="lane")


def _swatch(kind: str) -> Html:
    return el("svg", el("path", d="M0 0h10v10H0z", class_=kind), viewBox="0 0 10 10", aria_hidden="true")


def _table(columns: Sequence[Column], amounts: Amounts) -> Html:
    numbers = [el("th", name.capitalize(), scope="col", class_="n") for name in FOUND.values()]
    head = el("tr", el("th", "Sweep", scope="col"), el("th", "Result", scope="col"), numbers)
    table = el("table", el("thead", head), el("tbody", [_row(each, amounts) for each in columns]))
    region = el("div", table, class_="scroll", role="region", aria_label="Table of sweeps", tabindex=0)
    return el("details", el("summary", "The same as a table"), region)


def _row(column: Column, amounts: Amounts) -> Html:
    cells = [el("td", amounts.text(column.values.get(name)), class_="n") for name in FOUND]
    return el("tr", el("th", time_tag(column.run_at), scope="row"), el("td", column.result), cells)

"""The last sweeps as a bar chart, and as a table.

Bars of stale contacts stand behind bars of flagged ones. Repaired contacts hang below, on their own scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from background_sync.status.history import Document
from background_sync.status.page.html import Html, el, join
from background_sync.status.page.words import day_and_hour, percent, share, time_tag

SLOTS = 48
SLOT, BAR, HEIGHT = 10, 8, 200
TOP, BASE, LOW_BASE, BOTTOM = 10, 138, 146, 192
"""The ends of both scales, within `HEIGHT`. style.css places the labels at the same heights."""
SCALE_ENDS = (0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
LEGEND = (
    ("stale", "Stale: quiet for too long"),
    ("flagged", "Flagged for a person"),
    ("repaired", "Repaired: missed webhooks"),
    ("failed", "Some runs failed"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A sweep. The numbers are shares of the contacts or runs, or counts if totals are public."""

    run_at: int
    stale: float | None
    flagged: float | None
    repaired: float | None
    failed: float | None
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Amounts:
    """Turns counts into what the chart shows: shares only, unless totals are public."""

    public_totals: bool

    def bar(self, sweep: Document) -> Bar:
        checked = sweep["contacts_checked"] if sweep["completed"] else None
        return Bar(
            sweep["run_at"],
            self._of(sweep["stale_found"], checked),
            self._of(sweep["flagged"], checked),
            self._of(sweep["repaired"] + sweep["created"], checked),
            self._of(sweep["failed"], sweep["dispatched"]),
            sweep["finished"],
        )

    def _of(self, count: int, total: int | None) -> float | None:
        if total is None:
            return None
        return count if self.public_totals else share(count, total)

    def text(self, amount: float | None) -> str:
        return f"{amount:,.0f}" if self.public_totals and amount is not None else percent(amount)

    def top(self, amounts: Sequence[float | None]) -> float:
        """A round number at which a scale for all these amounts ends."""
        highest = max((each or 0 for each in amounts), default=0)
        if not self.public_totals:
            return next(step for step in SCALE_ENDS if highest <= step)
        steps = (step * 10.0**power for power in count() for step in (2, 4, 10))
        return next(step for step in steps if highest <= step)


def chart(sweeps: Sequence[Document], amounts: Amounts) -> Html:
    """The newest `SLOTS` of the sweeps, which come newest first. The newest bar is on the right."""
    bars = [amounts.bar(sweep) for sweep in sweeps[:SLOTS]]
    if not bars:
        return el("p", "No sweep yet.", class_="note")
    high, low = amounts.top([bar.stale for bar in bars]), amounts.top([bar.repaired for bar in bars])
    drawing = _Drawing(bars, high, low, amounts)
    figure = el("figure", _legend(bars), drawing.plot(), drawing.ends())
    return join(figure, _table(bars, amounts))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws the bars on two scales, which end at `high` and `low`."""

    bars: Sequence[Bar]
    high: float
    low: float
    amounts: Amounts

    @property
    def slots(self) -> int:
        """Fewer and wider slots while there are few sweeps."""
        return next(number for number in (12, 24, SLOTS) if len(self.bars) <= number)

    def plot(self) -> Html:
        """The bars and the labels of their scales. Screen readers get the table instead of the labels."""
        labels = (("a", self.high), ("b", self.high / 2), ("c", 0), ("d", self.low))
        scale = [el("span", self.amounts.text(value), class_=name) for name, value in labels]
        return el("div", self._svg(), el("div", scale, class_="scale", aria_hidden="true"), class_="plot")

    def ends(self) -> Html:
        """The times of the first and the last slot."""
        oldest = time_tag(self.bars[-1].run_at) if len(self.bars) == self.slots else el("span")
        return el("div", oldest, time_tag(self.bars[0].run_at), class_="ends")

    def _svg(self) -> Html:
        empty = self.slots - len(self.bars)
        drawn = [_rect(number, "none", TOP, BASE - TOP) for number in range(empty)]
        drawn += [self._slot(number, bar) for number, bar in enumerate(reversed(self.bars), empty)]
        width = self.slots * SLOT
        lines = "".join(f"M0 {y}H{width}" for y in (TOP, (TOP + BASE) // 2, BASE, BOTTOM))
        return el(
            "svg",
            el(
                "title",
                "Stale, flagged and repaired contacts of the last sweeps, as in the table",
                id="chart",
            ),
            drawn,
            el("path", d=lines, class_="grid"),
            viewBox=f"0 0 {width} {HEIGHT}",
            preserveAspectRatio="none",
            role="img",
            aria_labelledby="chart",
        )

    def _slot(self, number: int, bar: Bar) -> Html:
        up, down = (BASE - TOP) / self.high, (BOTTOM - LOW_BASE) / self.low
        stale, flagged, repaired = (bar.stale or 0) * up, (bar.flagged or 0) * up, (bar.repaired or 0) * down
        return el(
            "g",
            el("title", _tooltip(bar, self.amounts)),
            _rect(number, "hit", TOP, BASE - TOP),
            _rect(number, "stale", BASE - _visible(stale), _visible(stale)),
            _rect(number, "flagged", BASE - _visible(flagged), _visible(flagged)),
            _rect(number, "repaired", LOW_BASE, _visible(repaired)),
            _rect(number, "failed", BASE + 1, LOW_BASE - BASE - 2) if bar.failed else None,
            class_="slot",
        )


def _visible(height: float) -> float:
    """Amounts above 0 stay visible, however small they are."""
    return max(1.5, height) if height > 0 else 0


def _rect(slot: int, kind: str, top: float, height: float) -> Html | None:
    if not height:
        return None
    place = {"x": slot * SLOT + 1, "y": round(top, 1), "width": BAR, "height": round(height, 1)}
    return el("rect", class_=kind, **{name: f"{value:g}" for name, value in place.items()})


def _tooltip(bar: Bar, amounts: Amounts) -> str:
    stale, flagged, repaired = (amounts.text(each) for each in (bar.stale, bar.flagged, bar.repaired))
    failed = f"; {amounts.text(bar.failed)} of the runs failed" if bar.failed else ""
    unfinished = "" if bar.is_finished else "; not finished"
    found = f"{stale} stale, {flagged} flagged, {repaired} repaired"
    return f"{day_and_hour(bar.run_at)}: {found}{failed}{unfinished}"


def _legend(bars: Sequence[Bar]) -> Html:
    shown = [each for each in LEGEND if each[0] != "failed" or any(bar.failed for bar in bars)]
    return el("ul", [el("li", _swatch(kind), text) for kind, text in shown], class_="legend")


def _swatch(kind: str) -> Html:
    square = el("rect", width=10, height=10, rx=2, class_=kind)
    return el("svg", square, viewBox="0 0 10 10", aria_hidden="true")


def _table(bars: Sequence[Bar], amounts: Amounts) -> Html:
    names = ("Stale", "Flagged", "Repaired", "Failed runs")
    head = el(
        "tr", el("th", "Sweep", scope="col"), [el("th", name, scope="col", class_="n") for name in names]
    )
    rows = [_row(bar, amounts) for bar in bars]
    table = el("table", el("thead", head), el("tbody", rows))
    region = el("div", table, class_="scroll", role="region", aria_label="Table of sweeps", tabindex=0)
    return el("details", el("summary", "The same as a table"), region)


def _row(bar: Bar, amounts: Amounts) -> Html:
    values = (bar.stale, bar.flagged, bar.repaired, bar.failed)
    cells = [el("td", amounts.text(value), class_="n") for value in values]
    open_ = None if bar.is_finished else " (not finished)"
    return el("tr", el("th", time_tag(bar.run_at), open_, scope="row"), cells)

"""The curves as one SVG: small multiples, both axes logarithmic."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from benchmarks.figures import Curve

COLUMNS, WIDTH, HEIGHT, LEFT, TOP = 3, 300, 210, 52, 34
WIDE, HIGH = WIDTH - LEFT - 30, HEIGHT - TOP - 44
COLOURS = {"the product": "#1a7f5a", "the original": "#b4541a"}
STYLE = """text { font: 10px sans-serif; fill: #777 } .title { font-weight: bold; font-size: 11px }
path { fill: none } .line { stroke-width: 1.6 } text.x { text-anchor: middle }
.axis { stroke: #999; stroke-width: .6 }"""


def svg(curves: Sequence[Curve]) -> str:
    rows = ceil(len(curves) / COLUMNS)
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT + 24}"'
    legend = (
        f'<text x="{LEFT + 120 * at}" y="14" style="fill: {colour}">{name}</text>'
        for at, (name, colour) in enumerate(COLOURS.items())
    )
    plots = (
        f'<g transform="translate({at % COLUMNS * WIDTH} {at // COLUMNS * HEIGHT + 24})">{_plot(curve)}</g>'
        for at, curve in enumerate(curves)
    )
    parts = (f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>", *legend, *plots)
    return "\n".join((*parts, "</svg>", ""))


def _plot(curve: Curve) -> str:
    series = [[each for each in points if min(each) > 0] for points in (curve.product, curve.original)]
    x, y = (_Axis([each[at] for points in series for each in points]) for at in (0, 1))

    def left(value: float) -> float:
        return round(LEFT + x.share(value) * WIDE, 1)

    def top(value: float) -> float:
        return round(TOP + (1 - y.share(value)) * HIGH, 1)

    lines = [
        f'<text class="title" x="8" y="20">{escape(curve.y)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(curve.x)}</text>',
        f'<path class="axis" d="M{LEFT} {TOP}v{HIGH}h{WIDE}"/>',
    ]
    lines += [
        f'<text class="x" x="{left(each)}" y="{TOP + HIGH + 14}">{each:,.9g}</text>' for each in x.ticks
    ]
    lines += [f'<text x="8" y="{top(each) + 3}">{each:,.9g}</text>' for each in y.ticks]
    for points, colour in zip(series, COLOURS.values(), strict=True):
        places = [f"{left(across)} {top(up)}" for across, up in points]
        if places:
            lines.append(f'<path class="line" stroke="{colour}" d="M{" L".join(places)}"/>')
    return "\n".join(lines)


class _Axis:
    """A logarithmic axis over these values, from one power of ten to another."""

    def __init__(self, values: Sequence[float]) -> None:
        self._first = floor(log10(min(values)))
        self._last = max(self._first + 1, ceil(log10(max(values))))

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._first, self._last + 1)]

    def share(self, value: float) -> float:
        return (log10(value) - self._first) / (self._last - self._first)

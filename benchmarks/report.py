"""The table, docs/performance.md and its picture."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chart import svg
from benchmarks.figures import Curve, Row, power

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"
BEGIN, END = "<!-- written by `make bench` -->\n", "<!-- end -->\n"


def table(rows: Sequence[Row]) -> str:
    head = (
        "| figure | original, ported | product | product ÷ original | to reach | reached |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    )
    return "\n".join((*head, *map(_row, rows)))


def growth(curves: Sequence[Curve]) -> str:
    head = (
        "| cost | over | product grows as | original | at most | held |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    return "\n".join((*head, *map(_curve, curves)))


def write(rows: Sequence[Row], curves: Sequence[Curve]) -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    remarks = "\n".join(f"- {row.figure}: {row.remark}" for row in rows if row.remark)
    parts = (
        table(rows),
        f"Side remarks, on {_machine()}. None of them is a claim; the first number is the original's.",
        remarks,
        "## Growth\n\n![Costs over sizes](performance.svg)",
        growth(curves),
    )
    PAGE.write_text(
        before + BEGIN + "\n" + "\n\n".join(parts) + "\n\n" + END + rest.partition(END)[2], "utf-8"
    )
    PICTURE.write_text(svg(curves), "utf-8")


def _row(row: Row) -> str:
    def number(value: float) -> str:
        return f"{value:,.{row.digits}f}"

    original, ratio = "", ""
    if row.original is not None:
        original, ratio = number(row.original), f"{row.product / row.original:.3g}"
    cells = (row.figure, original, number(row.product), ratio, f"≤ {row.to_reach:g}", _yes(row.reached))
    return f"| {' | '.join(cells)} |"


def _curve(curve: Curve) -> str:
    original = _power(power(curve.original)) if curve.original else ""
    cells = (
        curve.y,
        curve.x,
        _power(power(curve.product)),
        original,
        _power(curve.limit),
        _yes(curve.reached),
    )
    return f"| {' | '.join(cells)} |"


def _power(value: float) -> str:
    return "flat" if value == 0 else f"x^{value:.2f}"


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _machine() -> str:
    cpus = Path("/proc/cpuinfo")
    models = (
        [line for line in cpus.read_text().splitlines() if line.startswith("model name")]
        if cpus.exists()
        else []
    )
    name = models[0].partition(": ")[2] if models else platform.machine()
    return f"{os.cpu_count()} cores of {name}, Python {platform.python_version()}"

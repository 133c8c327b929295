"""Writes how many faults the tests tried into docs/reliability.md: `make reliability`."""

from collections import Counter
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by `make reliability` -->\n", "<!-- end of figures -->\n"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """One row a kind of fault, if all tests passed."""
    passed = terminalreporter.stats.get("passed", [])
    found = [each for report in passed for each in report.user_properties if each[0].startswith("tally ")]
    if exitstatus or not found:
        return
    tried = Counter[str]()
    for name, count in found:
        tried[name.removeprefix("tally ")] += count
    rows = (f"| {fault} | {count:,} |\n" for fault, count in sorted(tried.items()))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    table = f"{BEGIN}\n| what | tried |\n| --- | ---: |\n{''.join(rows)}\n{END}"
    PAGE.write_text(before + table + after, "utf-8")

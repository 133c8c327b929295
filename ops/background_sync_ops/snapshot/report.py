"""The result of an import."""

import re
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import Literal

MAX_LISTED = 1000
"""How many lines of each kind are listed. All are counted, but the report must not grow with the snapshot."""
MAX_EXAMPLES = 3
_POSITION = re.compile(r"(\[|line |column |about )[0-9]+")

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about one line of the snapshot; the first line is line 1. `kind` is the kind of its value."""

    file: str
    line: int
    reason: str
    field: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is, in bytes of both tables together, unpacked."""

    table: str
    bytes_done: int
    bytes_total: int


@dataclass(slots=True)
class Written:
    """How many records the import created, updated and left unchanged."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def count(self, outcome: Outcome) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)


@dataclass(slots=True)
class Reason:
    """How many lines have a remark of one kind, and the numbers of the first ones."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        self.count += 1
        if len(self.lines) < MAX_EXAMPLES:
            self.lines.append(line)


@dataclass(kw_only=True)
class ImportReport:
    """Counts every document of the snapshot once: as created, updated, unchanged, merged or bad.

    `merged` documents are about a person of another document in the same workspace. `remarked` counts fields
    of other documents that were not stored, and settings without effect. `merged_lines`, `bad_lines` and
    `remark_lines` list `MAX_LISTED` of them at most, `bad_reasons` and `remark_reasons` sum up all.
    `in_seconds` counts, by file, the documents with times in seconds, which were converted. `on_remark` is
    called with every remark. No token appears in the report.
    """

    workspaces: Written = field(default_factory=Written)
    contacts: Written = field(default_factory=Written)
    merged: int = 0
    bad: int = 0
    remarked: int = 0
    tokens_stored: int = 0
    merged_lines: list[Remark] = field(default_factory=list)
    bad_lines: list[Remark] = field(default_factory=list)
    remark_lines: list[Remark] = field(default_factory=list)
    bad_reasons: dict[str, Reason] = field(default_factory=dict)
    remark_reasons: dict[str, Reason] = field(default_factory=dict)
    in_seconds: dict[str, int] = field(default_factory=dict)
    on_remark: InitVar[Callable[[Remark], None]] = lambda _: None

    def __post_init__(self, on_remark: Callable[[Remark], None]) -> None:
        self._on_remark = on_remark

    def add_merged(self, remark: Remark) -> None:
        """Count a document that was merged into the record of another one."""
        self.merged += 1
        self._keep(self.merged_lines, remark)

    def add_bad(self, remark: Remark) -> None:
        """Count a line that could not be loaded."""
        self.bad += 1
        self._keep(self.bad_lines, remark)
        _sum_up(self.bad_reasons, remark)

    def add_remark(self, remark: Remark) -> None:
        """Count a remark on a line that is loaded."""
        self.remarked += 1
        self._keep(self.remark_lines, remark)
        _sum_up(self.remark_reasons, remark)

    def add_seconds(self, remark: Remark) -> None:
        """Count a document with times in seconds."""
        self.in_seconds[remark.file] = self.in_seconds.get(remark.file, 0) + 1
        self._on_remark(remark)

    def _keep(self, remarks: list[Remark], remark: Remark) -> None:
        if len(remarks) < MAX_LISTED:
            remarks.append(remark)
        self._on_remark(remark)

    def sort(self) -> None:
        """Sort the listed lines by file, in the order in which the files were read, then by line."""
        for remarks in (self.merged_lines, self.bad_lines, self.remark_lines):
            files = list(dict.fromkeys(remark.file for remark in remarks))
            remarks.sort(key=lambda remark: (files.index(remark.file), remark.line))


def _sum_up(reasons: dict[str, Reason], remark: Remark) -> None:
    # What differs from line to line is no other reason.
    reason = f"{remark.file}: " + _POSITION.sub(r"\1N", remark.reason)
    if reason not in reasons and len(reasons) >= MAX_LISTED:
        reason = "other reasons"
    reasons.setdefault(reason, Reason()).add(remark.line)

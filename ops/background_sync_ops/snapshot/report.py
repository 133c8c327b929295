"""The result of an import."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

MAX_LISTED = 1000
"""How many remarks of each kind are kept. All are counted, but the report must not grow with the snapshot."""

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about one line of the snapshot; the first line is line 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Written:
    """How many records the import created, updated and left unchanged."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is, in bytes of both tables together, unpacked."""

    table: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Counts every document of the snapshot once: as created, updated, unchanged, merged or bad.

    `merged` documents are about a person of another document in the same workspace. `merged_lines` and
    `bad_lines` list the first `MAX_LISTED` of them. No token appears in the report.
    """

    workspaces: Written
    contacts: Written
    merged: int
    bad: int
    tokens_stored: int
    merged_lines: tuple[Remark, ...] = ()
    bad_lines: tuple[Remark, ...] = ()


@dataclass
class Tally:
    """The counts while an import runs."""

    workspaces: Counter[str] = field(default_factory=Counter)
    contacts: Counter[str] = field(default_factory=Counter)
    merged: int = 0
    bad: int = 0
    merged_lines: list[Remark] = field(default_factory=list)
    bad_lines: list[Remark] = field(default_factory=list)

    def add_merged(self, remark: Remark) -> None:
        """Count a document that was merged into the record of another one."""
        self.merged += 1
        _keep(self.merged_lines, remark)

    def add_bad(self, remark: Remark) -> None:
        """Count a line that could not be loaded."""
        self.bad += 1
        _keep(self.bad_lines, remark)

    def report(self, tokens_stored: int) -> ImportReport:
        return ImportReport(
            workspaces=Written(**self.workspaces),
            contacts=Written(**self.contacts),
            merged=self.merged,
            bad=self.bad,
            tokens_stored=tokens_stored,
            merged_lines=_in_order(self.merged_lines),
            bad_lines=_in_order(self.bad_lines),
        )


def _keep(remarks: list[Remark], remark: Remark) -> None:
    if len(remarks) < MAX_LISTED:
        remarks.append(remark)


def _in_order(remarks: list[Remark]) -> tuple[Remark, ...]:
    """By file, in the order in which they were read, then by line."""
    files = list(dict.fromkeys(remark.file for remark in remarks))
    return tuple(sorted(remarks, key=lambda remark: (files.index(remark.file), remark.line)))

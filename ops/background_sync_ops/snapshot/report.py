"""The result of an import."""

from dataclasses import dataclass, field
from typing import Literal

MAX_LISTED = 1000
"""How many lines of each kind are listed. All are counted, but the report must not grow with the snapshot."""

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


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """Counts every document of the snapshot once: as created, updated, unchanged, merged or bad.

    `merged` documents are about a person of another document in the same workspace. `merged_lines` and
    `bad_lines` list `MAX_LISTED` of them at most. `in_seconds` counts, by file, the documents with times in
    seconds, which were converted. No token appears in the report.
    """

    workspaces: Written = field(default_factory=Written)
    contacts: Written = field(default_factory=Written)
    merged: int = 0
    bad: int = 0
    tokens_stored: int = 0
    merged_lines: list[Remark] = field(default_factory=list)
    bad_lines: list[Remark] = field(default_factory=list)
    in_seconds: dict[str, int] = field(default_factory=dict)

    def add_merged(self, remark: Remark) -> None:
        """Count a document that was merged into the record of another one."""
        self.merged += 1
        _keep(self.merged_lines, remark)

    def add_bad(self, remark: Remark) -> None:
        """Count a line that could not be loaded."""
        self.bad += 1
        _keep(self.bad_lines, remark)

    def sort(self) -> None:
        """Sort the listed lines by file, in the order in which the files were read, then by line."""
        for remarks in (self.merged_lines, self.bad_lines):
            files = list(dict.fromkeys(remark.file for remark in remarks))
            remarks.sort(key=lambda remark: (files.index(remark.file), remark.line))


def _keep(remarks: list[Remark], remark: Remark) -> None:
    if len(remarks) < MAX_LISTED:
        remarks.append(remark)

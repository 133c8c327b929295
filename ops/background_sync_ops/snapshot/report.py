"""What came of an import."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_LISTED = 1000
"""Remarks kept of each kind; the rest are only counted, so that a report never grows with the snapshot."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of one line of the snapshot (the first is line 1)."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Written:
    """Records by what the import did to them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come; bytes of both tables together, as they are when unpacked."""

    table: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Every document of the snapshot counts once: created, updated, unchanged, merged or bad.

    `merged` are documents of somebody of whom another document of the same workspace tells too.
    `merged_lines` and `bad_lines` list the first `MAX_LISTED` of them. No token is in any of it.
    """

    workspaces: Written
    contacts: Written
    merged: int
    bad: int
    tokens_stored: int
    merged_lines: tuple[Remark, ...] = ()
    bad_lines: tuple[Remark, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 when every line was good, else 1."""
        return 1 if self.bad else 0

    def to_json(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


@dataclass
class Tally:
    """Counts while an import runs."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    merged_lines: list[Remark] = field(default_factory=list)
    bad_lines: list[Remark] = field(default_factory=list)
    merged: int = 0
    bad: int = 0

    def count(self, table: str, outcome: str, number: int = 1) -> None:
        """`number` records of `table` were created, updated or left unchanged."""
        self.outcomes[table, outcome] += number

    def merge(self, remark: Remark) -> None:
        """A document went into the record of another."""
        self.merged += 1
        _keep(self.merged_lines, remark)

    def refuse(self, remark: Remark) -> None:
        """A line was not loaded."""
        self.bad += 1
        _keep(self.bad_lines, remark)

    def report(self, tokens_stored: int) -> ImportReport:
        """The counts as they are now."""
        return ImportReport(
            workspaces=self._written("workspaces"),
            contacts=self._written("contacts"),
            merged=self.merged,
            bad=self.bad,
            tokens_stored=tokens_stored,
            merged_lines=_in_order(self.merged_lines),
            bad_lines=_in_order(self.bad_lines),
        )

    def _written(self, table: str) -> Written:
        return Written(*(self.outcomes[table, each] for each in ("created", "updated", "unchanged")))


def _in_order(remarks: list[Remark]) -> tuple[Remark, ...]:
    """By line; the files as they were read."""
    files = list(dict.fromkeys(remark.file for remark in remarks))
    return tuple(sorted(remarks, key=lambda remark: (files.index(remark.file), remark.line)))


def _keep(remarks: list[Remark], remark: Remark) -> None:
    if len(remarks) < MAX_LISTED:
        remarks.append(remark)

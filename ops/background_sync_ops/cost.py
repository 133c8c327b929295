"""What a month costs on AWS, beside the original algorithm, by list prices (`prices.json`).

The original reads all whole contacts of a workspace in each sweep, and adds a flag's note to all notes that
there are. It is taken to flag as often as background sync, and to write no record and no log.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from itertools import pairwise
from math import ceil
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from background_sync.rules.metrics import METRICS
from background_sync.rules.policy import HOUR_MS, Policy
from background_sync_ops import service_times as times
from background_sync_ops import workload as model
from background_sync_ops.errors import CommandError
from background_sync_ops.units import item_size, read_units
from background_sync_ops.workload import Units

Document = Mapping[str, Any]
HOURS, DAYS = 730, 730 / 24
"""Of a month."""
RECORD_DAYS = 90
STORED_OVERHEAD = 100
"""Bytes that AWS adds to each stored item, and to each entry of an index."""
ORIGINAL_NOTES = 15
"""The notes of a contact in the middle of the original's first month, at one flag a day."""
RUN_LOG_BYTES = 1_500
"""A run's line, its metrics and its share of Lambda's own lines."""
MONITOR, HEALTH = Units(read=65), Units(read=17)
"""The units of an invocation: the counters of four sweeps, and of the open one."""
POLLS = 5 * 3 * 60 * HOURS
"""Of the five pollers of a queue, which wait 20 s each."""
SHARES = frozenset({"stale", "verify"})


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What there is to watch; `contacts` of all workspaces together, `size` in bytes, shares from 0 to 1.

    Nothing changes in Kapso: each changed conversation of a workspace that verifies would add a read unit.
    """

    workspaces: float
    contacts: float
    size: float = 2048
    stale: float = 0.1
    verify: float = 0
    sweeps_an_hour: float = 1
    health_requests: float = 50_000

    @property
    def per_workspace(self) -> float:
        return self.contacts / self.workspaces

    @property
    def runs(self) -> float:
        """In a month."""
        return self.workspaces * self.sweeps_an_hour * HOURS

    @property
    def flags(self) -> float:
        """Of a run, on average: a stale contact is flagged once in a cooldown, and a run has a cap."""
        runs_in_cooldown = self.sweeps_an_hour * Policy().flag_cooldown_ms / HOUR_MS
        return min(float(Policy().max_flags_per_run), self.per_workspace * self.stale / runs_in_cooldown)

    def bytes_of(self, noted: float, plain: float) -> float:
        """All contacts, if those that are stale have `noted` bytes each."""
        return self.contacts * (self.stale * noted + (1 - self.stale) * plain)


class Run(NamedTuple):
    """A run on average: capacity units, and how long it took (ms)."""

    units: Units
    duration_ms: float


class Line(NamedTuple):
    """A line of a bill; `quantity` is in the price's unit."""

    service: str
    what: str
    price: str
    quantity: float

    @property
    def dollars(self) -> float:
        return self.quantity * float(prices()["dollars"][self.price])


@cache
def prices() -> Document:
    return json.loads(Path(__file__).with_name("prices.json").read_text("utf-8"))  # type: ignore[no-any-return]


def total(lines: Iterable[Line]) -> float:
    return sum(line.dollars for line in lines)


def modelled_run(work: Workload) -> Run:
    """A run on average. Below one flag a run, so many of the runs select a contact as there are flags."""
    size, selects = int(work.size), min(1.0, work.flags)
    index = work.bytes_of(model.slim_bytes(size, model.NOTES), model.slim_bytes(size, 0)) / work.workspaces
    units = model.run_units(index, 0) * (1 - selects) + model.run_units(index, ceil(work.flags)) * selects
    units += model.flag_units(size, model.NOTES) * work.flags + model.VERIFYING * work.verify
    took = times.run_ms(work.per_workspace, work.flags, model.memory("Reconciler"))
    return Run(units, took + work.verify * times.KAPSO_MS)


def bill(work: Workload, run: Run | None = None) -> list[Line]:
    """The lines of a month; `run` is what real runs recorded, in place of the model's."""
    run = run or modelled_run(work)
    return [*_tables(work, run), *_functions(work, run), *_watching(work)]


def _tables(work: Workload, run: Run) -> Iterator[Line]:
    size = int(work.size)
    stored = work.bytes_of(item_size(model.contact(0, size, model.NOTES)), size)
    parts = {
        "runs": run.units * work.runs,
        "daily audits": (model.AUDITING * work.workspaces + Units(read_units(stored))) * DAYS,
        "dispatches": model.dispatch_units(work.workspaces, 8) * (work.sweeps_an_hour * HOURS),
        "monitor and health": MONITOR * (HOURS * 12) + HEALTH * work.health_requests,
    }
    for name, units in parts.items():
        yield Line("DynamoDB", f"reads, {name}", "million read units", units.read / 1e6)
        yield Line("DynamoDB", f"writes, {name}", "million write units", units.write / 1e6)
    records = (item_size(model.closed()) + 50 + 2 * STORED_OVERHEAD) * work.runs / DAYS * RECORD_DAYS
    index = work.bytes_of(model.slim_bytes(size, model.NOTES), model.slim_bytes(size, 0))
    index += work.contacts * STORED_OVERHEAD
    yield Line("DynamoDB", "storage, runs of 90 days", "GB-month of tables", records / 1e9)
    yield Line("DynamoDB", "storage, index by_activity", "GB-month of tables", index / 1e9)
    recovered = stored + work.workspaces * model.WORKSPACE_BYTES
    yield Line("DynamoDB", "point-in-time recovery", "GB-month of recovery", recovered / 1e9)


def _functions(work: Workload, run: Run) -> Iterator[Line]:
    sweeps, monitored = work.sweeps_an_hour * HOURS, HOURS * 12
    batches = (work.runs + work.workspaces * DAYS) / 10
    audits_ms = work.contacts * work.size / 2**20 * times.PAGE_MS + work.workspaces * times.run_ms(0, 0, 1024)
    dispatched_ms = work.workspaces * times.slowed(times.DISPATCH_CPU, model.memory("Dispatcher"))
    took_ms = {
        "Reconciler": work.runs * run.duration_ms + audits_ms * DAYS,
        "Dispatcher": sweeps * dispatched_ms,
        "Monitor": monitored * 10 * times.REQUEST_MS,
        "Health": work.health_requests * 10 * times.REQUEST_MS,
    }
    invocations = batches + sweeps + monitored + work.health_requests
    yield Line("Lambda", "requests", "million invocations", invocations / 1e6)
    for name, each in took_ms.items():
        yield Line("Lambda", name.lower(), "GB-second", each / 1000 * model.memory(name) / 1024)
    yield Line("SQS", "send, receive, delete", "million SQS requests", 3 * batches / 1e6)
    yield Line("SQS", "polling", "million SQS requests", POLLS / 1e6)


def _watching(work: Workload) -> Iterator[Line]:
    logged = work.runs * RUN_LOG_BYTES / 1e9
    alarms = [each for each in model.resources().values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    watched = sum(str(each["Properties"]).count("MetricName") for each in alarms)
    yield Line("CloudWatch", "logs, written", "GB of logs", logged)
    yield Line("CloudWatch", "logs, kept a month", "GB-month of logs", logged)
    yield Line("CloudWatch", "metrics", "metric", len(METRICS))
    yield Line("CloudWatch", "alarms", "alarm metric", watched)
    yield Line("CloudWatch", "dashboard", "dashboard", 1)
    yield Line("API Gateway", "requests", "million API requests", work.health_requests / 1e6)
    yield Line("KMS", "key of the alarms' topic", "KMS key", 1)
    yield Line("SSM", "Kapso's keys", "SSM parameter", work.workspaces)
    yield Line(
        "EventBridge", "sweeps and monitor", "scheduled event", work.sweeps_an_hour * HOURS + HOURS * 12
    )


def original(work: Workload) -> list[Line]:
    """The original's lines of a month, with the reconciler's memory."""
    noted = item_size(model.contact(0, int(work.size), ORIGINAL_NOTES))
    stored, memory = work.bytes_of(noted, work.size) / work.workspaces, model.memory("Reconciler")
    took = times.slowed(work.per_workspace * times.ORIGINAL_CONTACT_CPU, memory)
    took += ceil(stored / 2**20) * times.PAGE_MS + work.flags * times.REQUEST_MS
    written = work.runs * work.flags * ceil(noted / 1024)
    return [
        Line("DynamoDB", "reads", "million read units", read_units(stored) * work.runs / 1e6),
        Line("DynamoDB", "writes", "million write units", written / 1e6),
        Line("Lambda", "reconciler", "GB-second", work.runs * took / 1000 * memory / 1024),
    ]


def recorded(runs: Sequence[Document], sweeps: Sequence[Document], work: Workload) -> tuple[Workload, Run]:
    """What the health API's completed runs recorded, and the workload with what its sweeps say of it.

    Raises `CommandError` if no run recorded its units.
    """
    known = [each for each in runs if each["status"] == "completed" and each["read_units"] is not None]
    finished = [each for each in sweeps if each["finished"]]
    if not known or not finished:
        raise CommandError("no completed run has recorded its units: the local engine does not count them")
    between = [newer["run_at"] - older["run_at"] for newer, older in pairwise(sweeps)]
    read, written, took = (
        mean(each[name] for each in known) for name in ("read_units", "write_units", "duration_ms")
    )
    seen = {"workspaces": max(1, finished[0]["dispatched"]), "contacts": finished[0]["contacts_checked"]}
    rate = HOUR_MS / median(between) if between else work.sweeps_an_hour
    return replace(work, **seen, sweeps_an_hour=rate), Run(Units(read, written), took)


def sensitivity(work: Workload, run: Run | None = None) -> dict[str, float]:
    """By how much the total grows when an assumption is doubled (0.5 is half as much again), most first."""
    before, grown = total(bill(work, run)), dict[str, float]()
    for field in fields(Workload):
        value = asdict(work)[field.name] * 2
        doubled = replace(work, **{field.name: min(1.0, value) if field.name in SHARES else value})
        grown[field.name] = total(bill(doubled, run)) / before - 1
    return dict(sorted(grown.items(), key=lambda each: -abs(each[1])))

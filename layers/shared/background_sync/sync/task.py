"""Work on one workspace that has a record of its own and no sweep: claimed with a lease, tried, closed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.records import runs
from background_sync.records.database import Database
from background_sync.records.runs import COMPLETED, FAILED, Run
from background_sync.telemetry import logger

MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class JobContext:
    """What such work needs; `page_size` bounds a page of contacts, None is DynamoDB's 1 MB."""

    database: Database
    queue: WorkQueue
    clock: Clock
    lease_ms: int
    page_size: int | None = None


def work_on(
    bench: JobContext, partition: str, run_at: int, work: Callable[[Run], None], *, first_delivery: bool
) -> None:
    """Claim the record (`partition`, `run_at`) and do `work`; what it raises is recorded, and raised on.

    Raises:
        OwnedElsewhere, AttemptsSpent: nothing was done, see `runs.claim`.
        LeaseLost: somebody else took it over.
    """
    record = runs.claim(partition, run_at, bench.clock.now(), bench.lease_ms, first_delivery=first_delivery)
    if record.status == COMPLETED:
        logger.info("it is completed already")
        return
    try:
        work(record)
    except runs.LeaseLost:
        raise
    except Exception as error:
        with suppress(runs.LeaseLost):  # it may be what failed after the lease was freed
            runs.update_held(
                record, Run.status.set(FAILED), Run.error.set(error_text(error)), Run.lease_until.remove()
            )
        raise


def complete(bench: JobContext, record: Run, counts: Mapping[str, int]) -> None:
    """Close the record with its counts; raises `LeaseLost`."""
    now = bench.clock.now()
    spent = (Run.lease_until, Run.place, Run.scan, Run.deferred_why, Run.error)
    runs.update_held(
        record,
        Run.status.set(COMPLETED),
        Run.finished_at.set(now),
        Run.duration_ms.set(now - int(record.started_at)),
        *(each.remove() for each in spent),
        *(getattr(Run, name).set(count) for name, count in counts.items()),
    )


def error_text(error: Exception) -> str:
    """An error as a record keeps it."""
    return f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]

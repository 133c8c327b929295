"""Real work on a local stack, for the simulation's constants, and to hold the simulation against."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from background_sync.clock import Deadline, SystemClock
from background_sync.messages import RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records.database import Database
from background_sync.records.forgotten import Forgotten
from background_sync.records.sweeps import find_sweep
from background_sync.records.typed import serialize
from background_sync.rules.policy import HOUR_MS
from background_sync.status.history import SweepHistory
from background_sync.sync.dispatch import Dispatcher, dispatch
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import JobContext, Kapso, run_job
from background_sync.tokens import Tokens
from background_sync_ops import workload as model
from background_sync_ops.cost import Workload
from background_sync_ops.stack.mapping import WORKERS
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.target import Target, running_target
from benchmarks.scaling import Setup, simulate

RUNS, CONTACTS, FLAGS, DISPATCHED = 40, 5_000, 50, 500


@contextmanager
def _stack() -> Iterator[tuple[LocalStack, Target, Database]]:
    with (
        TemporaryDirectory(prefix="background-sync-") as folder,
        LocalStack(model.TEMPLATE, state_dir=Path(folder), parameters={"AuditEnabled": "false"}) as stack,
    ):
        target = running_target(stack.state_dir)
        yield stack, target, target.connect()


def _put(database: Database, table: str, items: list[dict[str, object]]) -> None:
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": each}} for each in items[start : start + 25]]
        database.client.batch_write_item(RequestItems={table: puts})  # type: ignore[dict-item]


def _workspaces(database: Database, names: list[str]) -> None:
    active = {"kapso_phone_id": "110987654321", "kapso_token_parameter": "/background-sync/kapso-tokens/x"}
    items = [
        {name: serialize(value) for name, value in {"workspace_id": each, **active}.items()} for each in names
    ]
    _put(database, database.tables.workspaces, items)


def measure() -> None:
    """Print the processor's times of this process (ms); the engine is another one."""
    with _stack() as (_, target, database):
        queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
        names = ["contacts", "flags", *(f"w{number}" for number in range(DISPATCHED))]
        _workspaces(database, names)
        for name, count in (("contacts", CONTACTS), ("flags", FLAGS)):
            fresh = {} if name == "flags" else {"activity_at": serialize(target.clock.now())}
            own = {"workspace_id": serialize(name), **fresh}
            _put(
                database,
                database.tables.contacts,
                [{**model.contact(each, 500), **own} for each in range(count)],
            )
        context = JobContext(
            database=database,
            queue=queue,
            clock=target.clock,
            kapso=Kapso(base_url="", tokens=Tokens("/", target.clock, target.client("ssm"))),
            forgotten=Forgotten(database, Tokens("/", target.clock, target.client("ssm"))),
            lease_ms=150_000,
            interval_ms=HOUR_MS,
        )
        at = target.clock.now() // 1000 * 1000
        deadline = Deadline(target.clock, at + HOUR_MS)
        dispatcher = Dispatcher(
            database=database,
            queue=queue,
            clock=target.clock,
            invoke_itself=print,
            shards=16,
            segments=8,
            audit_enabled=False,
            interval_ms=HOUR_MS,
        )

        def one(name: str) -> None:
            run_job(context, Message(RUN, name, at), deadline, reconcile, first_delivery=True)

        dispatched = _cpu_ms(lambda: dispatch(dispatcher, at, deadline))
        one("w0")
        # The least is what the work takes when nothing else has the processor.
        run = min(_cpu_ms(partial(one, name)) for name in names[3 : 3 + RUNS])
        contacts, flags = (_cpu_ms(partial(one, name)) - run for name in names[:2])
    figures = (run, contacts / CONTACTS, flags / FLAGS, dispatched / len(names))
    print(*map("{} {:.4f}".format, ("RUN", "CONTACT", "FLAG", "DISPATCH"), figures))  # noqa: T201


def _cpu_ms(work: Callable[[], object]) -> float:
    with redirect_stdout(io.StringIO()):
        before = time.process_time()
        work()
        return (time.process_time() - before) * 1000


def held(counts: list[int]) -> None:
    """Print a row for each count of workspaces; the first gives the simulation its service times."""
    setup = Setup(concurrency=WORKERS)
    for count in counts:
        dispatch_s, sweep_s = _swept(count)
        if count == counts[0]:
            run_ms, dispatch_ms = WORKERS * sweep_s * 1000 / count, dispatch_s * 1000 / count
            setup = Setup(concurrency=WORKERS, run_ms=run_ms, dispatch_ms=dispatch_ms)
        said = simulate(Workload(workspaces=count, contacts=0), setup)
        row = (count, f"{dispatch_s:.1f}", f"{said.dispatch_s:.1f}", f"{sweep_s:.0f}", said.seconds)
        print(f"| {' | '.join(map(str, row))} |", flush=True)  # noqa: T201


def _swept(count: int) -> tuple[float, float]:
    with _stack() as (stack, target, database):
        _workspaces(database, [f"w{number:06d}" for number in range(count)])
        stack.start_delivery()
        at = target.clock.now() // 1000 * 1000
        moment = datetime.fromtimestamp(at / 1000, UTC).isoformat()
        begun = time.monotonic()
        stack.invoke("DispatcherFunction", {"time": moment})
        dispatched, history = time.monotonic() - begun, SweepHistory(database)
        sweep = find_sweep(at)
        if sweep is None:
            raise RuntimeError(f"no sweep at {moment}")
        while not history.one(sweep)["finished"]:
            SystemClock().sleep(0.5)
        return dispatched, time.monotonic() - begun

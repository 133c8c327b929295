"""The built stack on one engine, with the functions and the baselines in processes of their own."""

import compileall
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from background_sync.messages import RUN, Message
from background_sync.records.typed import Item, serialize
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops import workload as model
from background_sync_ops.kapso import KapsoServer, KapsoStore
from background_sync_ops.stack import runtime
from background_sync_ops.stack.stack import LocalStack
from benchmarks.crowd import Crowd
from benchmarks.front import Asked, Front, fronting
from tests.dynamodb.capacity import SHAPES
from tests.ministack import use_ministack

HERE = Path(__file__).parent
BUILT = HERE.parent / ".aws-sam" / "build"
PRODUCT, PORT, BARE = "ReconcilerFunction", "port", "bare"
PHONE_ID, KEY = "110987654321", "kapso-key"
REPEATS = 3
"""The least of some measurements is what the work takes when nothing else has the processor."""


@dataclass(frozen=True)
class Spent:
    """What an invocation took: ms of processor and of wall, MB at the process's peak, and requests."""

    cpu: float
    wall: float = 0
    peak: float = 0
    result: Any = None
    asked: Sequence[Asked] = ()
    to_kapso: int = 0

    @property
    def requests(self) -> int:
        return len(self.asked)

    def read(self, table: str = "") -> float:
        return sum(each.read for each in self.asked if table in each.tables)

    def write(self, table: str = "") -> float:
        return sum(each.write for each in self.asked if table in each.tables)


Run = Callable[[str], Spent]
"""Makes a run of a workspace."""


@dataclass
class Function:
    """A process with one function; `start` is the processor time of its cold start (ms)."""

    process: "subprocess.Popen[str]"
    start: float = 0

    def __call__(self, event: object) -> Spent:
        print(json.dumps(event), file=self.process.stdin, flush=True)
        return self.answer()

    def answer(self) -> Spent:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"the process ended with {self.process.wait()}")
        return Spent(**json.loads(line))


@dataclass
class Stage:
    """The tables, and what acts on them. Sweeps are at `now`, and each later one at an hour after it."""

    stack: LocalStack
    front: Front
    kapso: KapsoServer
    now: int = model.AT // 1000 * 1000
    _names: Iterator[int] = field(default_factory=partial(count, 1))
    _hours: Iterator[int] = field(default_factory=partial(count, 1))

    @contextmanager
    def function(self, name: str, *, hour: int = 0) -> Iterator[Function]:
        """A built function, by its logical id, or a module of `baselines/`; its clock is at `hour`."""
        built = self.stack.functions.get(name)
        spec = (built or self.stack.functions[PRODUCT]).spec
        if built is None:
            spec = replace(spec, code_dir=HERE / "baselines", layer_dirs=())
        own = {
            "AWS_ENDPOINT_URL": self.front.url,
            "CAPACITY_METERED": "false",
            "CLOCK_OFFSET_MS": str(self.at(hour) + MINUTE_MS - time.time_ns() // 1_000_000),
            "KAPSO_BASE_URL": self.kapso.url,
        }
        environment = runtime.environment(spec, "", own, self.stack.state_dir / "runtime")
        command = [sys.executable, "-S", "-P", str(HERE / "child.py"), "app" if built else name]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
            function = Function(process)
            function.start = function.answer().cpu
            yield function

    @contextmanager
    def runs(self, module: str, *, hour: int = 0) -> Iterator[Run]:
        """Runs of one process, which has made one already."""
        with self.function(module, hour=hour) as function:

            def run(workspace_id: str) -> Spent:
                own = {"workspace_id": workspace_id, "run_at": self.at(hour)}
                return self.call(
                    function, _message(workspace_id, self.at(hour)) if module == PRODUCT else own
                )

            run(self.crowd(10, stale=1).workspace_id)
            yield run

    def call(self, function: Function, event: object) -> Spent:
        """Invoke a function, with the requests that it makes; raises `RuntimeError` if it fails."""
        self.front.asked, before = [], len(self.kapso.requests)
        spent = function(event)
        if (spent.result or {}).get("batchItemFailures"):
            raise RuntimeError(f"this failed: {event}")
        return replace(spent, asked=self.front.asked, to_kapso=len(self.kapso.requests) - before)

    def sweep(self, hour: int = 0) -> Spent:
        with self.function("DispatcherFunction", hour=hour) as dispatcher:
            return self.call(dispatcher, {"run_at": self.at(hour)})

    def at(self, hour: int) -> int:
        return self.now + hour * HOUR_MS

    def next_hours(self, amount: int) -> list[int]:
        """Hours that had no sweep."""
        return list(islice(self._hours, amount))

    @contextmanager
    def unmetered(self, delay_ms: float = 0) -> Iterator[None]:
        """Only count requests, each of which takes `delay_ms` at least."""
        self.front.meters, self.front.delay_s = False, delay_ms / 1000
        yield
        self.front.meters, self.front.delay_s = True, 0

    def workspaces(self, amount: int = 1, phone_id: str = PHONE_ID, **settings: Any) -> list[str]:
        """New workspaces, whose ids have one length."""
        names = [f"{model.WORKSPACE_ID[:-6]}{number:06d}" for number in islice(self._names, amount)]
        token = self.stack.outputs["TokenParameterPrefix"] + "abc"
        active = {"kapso_phone_id": phone_id, "kapso_token_parameter": token, "settings": settings}
        self.put("Workspaces", (serialize({"workspace_id": each, **active})["M"] for each in names))
        return names

    def crowd(self, amount: int, *, settings: Mapping[str, Any] | None = None, **more: Any) -> Crowd:
        """A new workspace with so many contacts."""
        [name] = self.workspaces(**(settings or {}))
        self.front.crowds[name] = crowd = Crowd(workspace_id=name, at=self.now, count=amount, **more)
        self.put("Contacts", crowd.stored())
        return crowd

    def put(self, table: str, items: Iterable[Item]) -> None:
        name, client = self.stack.outputs[f"{table}TableName"], self.stack.client("dynamodb")
        puts: list[Any] = [{"PutRequest": {"Item": each}} for each in items]
        for start in range(0, len(puts), 25):
            client.batch_write_item(RequestItems={name: puts[start : start + 25]})


def _message(workspace_id: str, run_at: int) -> dict[str, Any]:
    """Lambda's event for the message of a run."""
    own = {"body": Message(RUN, workspace_id, run_at).body(), "attributes": {"ApproximateReceiveCount": "1"}}
    return {"Records": [{"messageId": "1", "receiptHandle": "1", **own}]}


@contextmanager
def staged() -> Iterator[Stage]:
    store = KapsoStore()
    store.add_number(PHONE_ID, KEY)
    with ExitStack() as opened:
        use_ministack(opened.enter_context(pytest.MonkeyPatch.context()))
        state_dir = Path(opened.enter_context(TemporaryDirectory(prefix="benchmark-")))
        stack = opened.enter_context(
            LocalStack(BUILT / "template.yaml", state_dir=state_dir, parameters={"Intake": "on"})
        )
        # Lambda's own libraries are compiled, and those of this environment perhaps not yet.
        for library in (state_dir / "runtime").iterdir():
            compileall.compile_dir(library, quiet=2)
        for table in ("Workspaces", "Contacts", "SyncHealth"):
            SHAPES[stack.outputs[f"{table}TableName"]] = model.shape(f"{table}Table")
        key = stack.outputs["TokenParameterPrefix"] + "abc"
        stack.client("ssm").put_parameter(Name=key, Value=KEY, Type="SecureString")
        front = opened.enter_context(fronting(stack.endpoint_url))
        kapso = opened.enter_context(KapsoServer(store, lambda: model.AT))
        kapso.rate.limit = 10**6
        stage = Stage(stack, front, kapso)
        stage.sweep()
        yield stage

"""The built stack on one engine, with the functions and the baselines in processes of their own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from background_sync.messages import RUN, Message
from background_sync.records.typed import Item, serialize
from background_sync.rules.policy import HOUR_MS
from background_sync_ops import workload as model
from background_sync_ops.kapso import KapsoServer, KapsoStore
from background_sync_ops.stack import runtime
from background_sync_ops.stack.deployment import FunctionSpec
from background_sync_ops.stack.stack import LocalStack
from benchmarks.crowd import Crowd
from benchmarks.front import Asked, Front
from tests.dynamodb.capacity import SHAPES
from tests.ministack import use_ministack

HERE = Path(__file__).parent
BUILT = HERE.parent / ".aws-sam" / "build"
PHONE_ID, KEY = "110987654321", "kapso-key"
TABLES = {"Workspaces": "workspaces", "Contacts": "contacts", "SyncHealth": "sync_health"}


@dataclass(frozen=True)
class Spent:
    """What an invocation took: ms of processor and of wall, the process's peak of memory (MB), and requests."""

    cpu: float
    wall: float = 0
    peak: float = 0
    result: Any = None
    asked: Sequence[Asked] = ()

    def read(self, table: str) -> float:
        return sum(each.read for each in self.asked if table in each.table)

    def write(self, table: str, operation: str = "") -> float:
        return sum(
            each.write for each in self.asked if table in each.table and operation in each.operation
        )


class Function:
    """A built function, or a module of `baselines/`, in a process of its own; `start` is what its import took."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", str(HERE / "child.py"), module],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.start = self._answer()

    def __call__(self, event: object) -> Spent:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Spent:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return Spent(**json.loads(line))

    def close(self) -> None:
        self._process.communicate()


@dataclass
class Stage:
    """The tables, and what acts on them; `now` is when its sweep is."""

    stack: LocalStack
    front: Front
    kapso: KapsoServer
    now: int = model.AT // 1000 * 1000
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))

    @contextmanager
    def function(self, name: str, *, hours: int = 0) -> Iterator[Function]:
        """A built function, by its logical id, whose clock is `hours` after `now`; or a baseline, by its module."""
        is_built = name in self.stack.functions
        spec = self.stack.functions[name if is_built else "ReconcilerFunction"].spec
        if not is_built:
            spec = replace(spec, code_dir=HERE / "baselines", layer_dirs=())
        function = Function("app" if is_built else name, self._environment(spec, hours))
        try:
            yield function
        finally:
            function.close()

    def _environment(self, spec: FunctionSpec, hours: int) -> dict[str, str]:
        offset = self.now + hours * HOUR_MS + 60_000 - time.time_ns() // 1_000_000
        own = {
            "AWS_ENDPOINT_URL": self.front.url,
            "CAPACITY_METERED": "false",
            "CLOCK_OFFSET_MS": str(offset),
            "KAPSO_BASE_URL": self.kapso.url,
        }
        return runtime.environment(spec, "", own, self.stack.state_dir / "runtime")

    @contextmanager
    def runs(self, module: str, *, hours: int = 0) -> Iterator[Callable[[str], Spent]]:
        """Makes runs of workspaces with one process, which has made one already."""
        with self.function(module, hours=hours) as function:

            def run(workspace_id: str) -> Spent:
                run_at = self.now + hours * HOUR_MS
                plain = {"workspace_id": workspace_id, "run_at": run_at}
                is_product = module in self.stack.functions
                return self.call(function, run_event(workspace_id, run_at) if is_product else plain)

            run(self.crowd(10, stale=1).workspace_id)
            yield run

    def call(self, function: Function, event: object) -> Spent:
        """Invoke a function, with the requests that it made; raises `RuntimeError` if it failed."""
        self.front.asked = []
        spent = function(event)
        if (spent.result or {}).get("batchItemFailures"):
            raise RuntimeError(f"this failed: {event}")
        return replace(spent, asked=self.front.asked)

    def sweep(self, hours: int = 0) -> Spent:
        """Dispatch the sweep of that hour."""
        with self.function("DispatcherFunction", hours=hours) as dispatcher:
            return self.call(dispatcher, {"run_at": self.now + hours * HOUR_MS})

    def names(self, count: int = 1) -> list[str]:
        """New workspace ids, all of one length."""
        return [f"{model.WORKSPACE_ID[:-6]}{next(self._names):06d}" for _ in range(count)]

    def workspaces(self, names: Sequence[str], phone_id: str = PHONE_ID, **settings: object) -> None:
        token = self.stack.outputs["TokenParameterPrefix"] + "abc"
        active = {"kapso_phone_id": phone_id, "kapso_token_parameter": token, "settings": settings}
        records = ({"workspace_id": each, **active} for each in names)
        self.put("Workspaces", (serialize(each)["M"] for each in records))

    def crowd(self, count: int, *, settings: Mapping[str, object] | None = None, **more: Any) -> Crowd:
        """A new workspace with so many contacts."""
        [name] = self.names()
        crowd = Crowd(workspace_id=name, at=self.now, count=count, **more)
        self.workspaces([name], **(settings or {}))
        self.put("Contacts", crowd.stored())
        self.front.crowds[crowd.workspace_id] = crowd
        return crowd

    def put(self, table: str, items: Iterable[Item]) -> None:
        puts, client = [{"PutRequest": {"Item": each}} for each in items], self.stack.client("dynamodb")
        name = self.stack.outputs[f"{table}TableName"]
        for start in range(0, len(puts), 25):
            client.batch_write_item(RequestItems={name: puts[start : start + 25]})  # type: ignore[dict-item]


def run_event(workspace_id: str, run_at: int) -> dict[str, Any]:
    """Lambda's event for the message of a run."""
    own = {"body": Message(RUN, workspace_id, run_at).body(), "attributes": {"ApproximateReceiveCount": "1"}}
    return {"Records": [{"messageId": "1", "receiptHandle": "1", **own}]}


@contextmanager
def staged() -> Iterator[Stage]:
    with ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
        use_ministack(patch)
        state_dir = Path(opened.enter_context(TemporaryDirectory(prefix="benchmark-")))
        stack = opened.enter_context(LocalStack(BUILT / "template.yaml", state_dir=state_dir))
        for table in TABLES:
            SHAPES[stack.outputs[f"{table}TableName"]] = model.shape(f"{table}Table")
        store = KapsoStore()
        store.add_number(PHONE_ID, KEY)
        stack.client("ssm").put_parameter(
            Name=stack.outputs["TokenParameterPrefix"] + "abc", Value=KEY, Type="SecureString"
        )
        front = opened.enter_context(Front(stack.endpoint_url))
        kapso = opened.enter_context(KapsoServer(store, lambda: model.AT))
        kapso.rate.limit = 10**6
        stage = Stage(stack, front, kapso)
        stage.sweep()
        yield stage

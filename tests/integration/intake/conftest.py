import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from background_sync.intake.receive import Receiver
from background_sync.intake.record import Recorder
from background_sync.intake.secrets import Senders, secret_name
from background_sync.queue import WorkQueue
from background_sync.tokens import Tokens
from background_sync_ops.kapso import KapsoStore, Person
from background_sync_ops.kapso.documents import event_document
from background_sync_ops.kapso.model import RECEIVED, Direction, Event
from background_sync_ops.kapso.sending import signature
from background_sync_ops.stack.stack import LocalStack
from tests.integration.world import NOW, World

SECRET_PREFIX = "/stack/webhook-secrets/"
SECRET = "secret-of-w1"
NUMBER = "110987654321"


@dataclass
class Intake:
    """The intake's two functions in this process, and a number whose messages Kapso reports."""

    world: World
    queue: WorkQueue
    store: KapsoStore
    events: list[Event]

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new sandbox of both functions: what they remember is gone."""
        tokens = Tokens(SECRET_PREFIX, self.world.clock, self.world.ssm)
        self.receiver = Receiver(Senders(self.world.database, tokens, self.world.clock), self.queue)
        self.recorder = Recorder(self.world.database, self.queue, self.world.forgotten())

    def secret(self, value: str, workspace_id: str = "w1") -> None:
        name = secret_name(SECRET_PREFIX, workspace_id)
        self.world.ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)

    def message(self, person: Person, age_ms: int = 0, direction: Direction = "inbound") -> dict[str, Any]:
        """A message in Kapso, and the body of its webhook."""
        self.store.message(NUMBER, person, direction, NOW - age_ms)
        return event_document(self.events[-1])

    def post(self, body: bytes, signed: str, workspace_id: str = "w1", name: str = RECEIVED) -> int:
        headers = {"x-webhook-event": name, "x-webhook-signature": signed}
        with self.world.acting("IntakeRole"):
            return self.receiver.receive(workspace_id, headers, body)

    def signed(self, body: bytes) -> str:
        return signature(SECRET, body)

    def deliver(self, document: Any, secret: str = SECRET, workspace_id: str = "w1") -> int:
        """The status with which the intake answers a signed webhook."""
        body = json.dumps(document).encode()
        return self.post(body, signature(secret, body), workspace_id)

    def deliver_batch(self, documents: Sequence[Any]) -> None:
        assert self.deliver({"batch": True, "data": documents}) == 200

    def queued(self, url: str | None = None) -> list[str]:
        """Take the bodies from the intake's queue, or the one at `url`."""
        taken, url = list[str](), url or self.queue.url
        while found := self.world.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in found:
                self.world.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
                taken.append(each["Body"])
        return taken

    def record(self, *bodies: str) -> None:
        """Record these messages, or all that wait."""
        for body in bodies or self.queued():
            with self.world.acting("RecorderRole"):
                self.recorder.handle(body)


@pytest.fixture
def intake(world: World, engine: LocalStack) -> Iterator[Intake]:
    """The intake of workspace `w1`, with an empty queue."""
    urls = (engine.outputs[f"Intake{name}Url"] for name in ("Queue", "DeadLetterQueue"))
    url, dead = urls
    for each in (url, dead):
        world.sqs.purge_queue(QueueUrl=each)
    store, events = KapsoStore(), list[Event]()
    store.subscribe(events.append)
    intake = Intake(world, WorkQueue(url, world.clock, world.sqs, dead_letter_url=dead), store, events)
    world.workspace()
    intake.secret(SECRET)
    yield intake
    for each in world.ssm.describe_parameters()["Parameters"]:
        if each["Name"].startswith(SECRET_PREFIX):
            world.ssm.delete_parameter(Name=each["Name"])

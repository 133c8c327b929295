import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from background_sync.notices import SOURCE, Notices
from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import LocalStack
from tests.integration.conftest import NOTICE_BUS
from tests.integration.verify.number import Number, served
from tests.integration.world import World

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "events.schema.json").read_text("utf-8"))
PATTERN = {"source": [SOURCE]}
Events = Callable[[], list[dict[str, Any]]]


@dataclass
class Subscription:
    """A rule of the bus whose target is a queue; `read` takes what has arrived."""

    aws: LocalClients
    url: str

    def read(self) -> list[Any]:
        sqs, found = self.aws.client("sqs"), list[Any]()
        while taken := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(each["Body"]) for each in taken]
            for each in taken:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return found


def subscribe(aws: LocalClients, name: str, pattern: Any, **target: Any) -> Subscription:
    sqs, events = aws.client("sqs"), aws.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=NOTICE_BUS, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=NOTICE_BUS, Targets=[{"Id": name, "Arn": arn, **target}])
    return Subscription(aws, url)


@pytest.fixture(scope="session")
def everything(engine: LocalStack) -> Subscription:
    return subscribe(engine.aws, "everything", PATTERN)


@pytest.fixture
def events(world: World, engine: LocalStack, everything: Subscription) -> Events:
    """The details of the events since the last look, oldest first; each is as the schema says."""
    world.notices = Notices(NOTICE_BUS, "stack", engine.aws.client("events"))
    everything.read()

    def read() -> list[dict[str, Any]]:
        found = everything.read()
        for each in found:
            jsonschema_rs.validate(SCHEMA, each)
        return [{"event": each["detail-type"], **each["detail"]} for each in found]

    return read


@pytest.fixture
def number(world: World) -> Iterator[Number]:
    with served(world) as number:
        yield number

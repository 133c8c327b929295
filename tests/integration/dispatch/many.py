"""Many workspaces at once, and the messages that were sent for them."""

from collections import Counter

from background_sync.messages import read_message
from background_sync.queue import WorkQueue
from tests.integration.faults import ChoosyQueue
from tests.integration.world import World


def put_workspaces(world: World, active: int, without_token: int = 0) -> list[str]:
    """Put workspaces in bulk; returns the ids of the active ones."""
    names = [f"w{number:03d}" for number in range(active + without_token)]
    tokens = ["/stack/kapso-tokens/abc"] * active + [""] * without_token
    world.put_many(
        world.database.tables.workspaces,
        (
            {"workspace_id": name, "kapso_phone_id": "110987654321", "kapso_token_parameter": token}
            for name, token in zip(names, tokens, strict=True)
        ),
    )
    return names[:active]


def record(world: World) -> ChoosyQueue:
    """Record what is sent, which is faster than receiving many messages."""
    queue = ChoosyQueue(world.sqs, lambda _: False)
    world.queue = WorkQueue(world.queue.url, world.clock, queue)  # type: ignore[arg-type]
    return queue


def sent(world: World, kind: str = "run") -> Counter[str]:
    """How many messages of a kind each workspace has in the queue; removes all messages."""
    found: Counter[str] = Counter()
    url = world.queue.url
    while taken := world.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        entries = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in taken]
        world.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        messages = [read_message(each["Body"], world.clock.now()) for each in taken]
        found.update(each.workspace_id for each in messages if each.kind == kind)
    return found

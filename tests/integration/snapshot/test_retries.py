"""AWS does only a part of a request, or nothing: the import asks again for the rest."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from background_sync_ops.snapshot import Throttled, Written, retries
from tests.integration.snapshot.importing import Importing, contact, workspace

PEOPLE = [contact(f"+62 {number}", f"c{number}") for number in range(1000, 1010)]


def test_unprocessed_keys_are_read_again(importing: Importing) -> None:
    importing.load(PEOPLE)
    left = [1, 3]

    def leave(parsed: dict[str, Any], **_: Any) -> None:
        for table, items in parsed["Responses"].items():
            if table == importing.target.contacts_table and left:
                rest = [items.pop() for _ in range(left.pop())]
                names = ("workspace_id", "contact_id")
                keys = [{name: item[name] for name in names} for item in rest]
                parsed["UnprocessedKeys"] = {table: {"Keys": keys, "ConsistentRead": True}}

    importing.target.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", leave)
    report = importing.load(PEOPLE)
    assert report.contacts == Written(unchanged=10)
    assert not left


def hold_back(importing: Importing, times: int) -> list[Any]:
    """Let DynamoDB leave out the last request of a batch, this many times."""
    left = [times]
    held: list[Any] = []

    def take(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        ((table, requests),) = params["RequestItems"].items()
        if left[0]:
            left[0] -= 1
            held.append({table: requests[-1:]})
            return {"RequestItems": {table: requests[:-1] or requests}}
        return params

    def tell(parsed: dict[str, Any], **_: Any) -> None:
        parsed["UnprocessedItems"] = held.pop() if held else {}

    events = importing.target.dynamodb.meta.events
    events.register("provide-client-params.dynamodb.BatchWriteItem", take)  # type: ignore[arg-type]
    events.register("after-call.dynamodb.BatchWriteItem", tell)
    return left


def test_unprocessed_items_are_written_again(importing: Importing) -> None:
    left = hold_back(importing, 2)
    report = importing.load(PEOPLE)
    assert left == [0]
    assert report.contacts == Written(created=10)
    assert len(importing.contacts()) == 10


def test_the_import_ends_if_none_is_written(importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0)
    hold_back(importing, 100)
    with pytest.raises(Throttled, match=r"writing .*: AWS was too busy on each of 10 attempts"):
        importing.load(PEOPLE)


REQUESTS = [
    "ssm.GetParameters",
    "ssm.PutParameter",
    "dynamodb.BatchGetItem",
    "dynamodb.PutItem",
    "dynamodb.BatchWriteItem",
]


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_throttled_request_is_repeated(importing: Importing, request_name: str) -> None:
    service, operation = request_name.split(".")
    busy = [ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, operation)]

    def throttle(**_: Any) -> None:
        if busy:
            raise busy.pop()

    client = importing.target.ssm if service == "ssm" else importing.target.dynamodb
    client.meta.events.register(f"before-call.{request_name}", throttle)
    report = importing.load(PEOPLE, [workspace(meta_access_token="secret")])
    assert not busy
    assert (report.contacts, report.tokens_stored) == (Written(created=10), 1)

"""A large crowd of a benchmark answers a query as the engine does that holds its contacts."""

import json
from typing import Any

import pytest

from background_sync.records.contacts import BY_ACTIVITY
from background_sync_ops.units import item_size
from benchmarks.crowd import PAGE_BYTES, STORED, Crowd
from tests.integration.world import NOW, World

CROWD = Crowd(workspace_id="w1", at=NOW, count=STORED + 1, size=500, stale=0.5)
SLIM = {"IndexName": BY_ACTIVITY, "ProjectionExpression": "contact_id, activity_at, lead_status, flagged_at"}


@pytest.mark.parametrize("options", [{}, SLIM])
def test_its_answer_has_the_items_of_the_engine(world: World, options: dict[str, Any]) -> None:
    items = [{"PutRequest": {"Item": CROWD.contact(number)}} for number in range(CROWD.count)]
    world._write(world.database.tables.contacts, items)
    query: Any = {
        "TableName": world.database.tables.contacts,
        "KeyConditionExpression": "workspace_id = :id",
        "ExpressionAttributeValues": {":id": {"S": "w1"}},
        **options,
    }
    said = json.loads(CROWD.page(query) or b"")
    assert said["Items"] == world.database.client.query(**query)["Items"]


def test_its_pages_are_all_contacts_and_none_is_over_1_mb() -> None:
    crowd, seen, start = Crowd(workspace_id="w1", at=NOW, count=5_000), list[str](), None
    while start or not seen:
        page = json.loads(crowd.page({"ExclusiveStartKey": start}) or b"")
        assert sum(map(item_size, page["Items"])) <= PAGE_BYTES
        seen += [each["contact_id"]["S"] for each in page["Items"]]
        start = page.get("LastEvaluatedKey")
    assert len(set(seen)) == len(seen) == crowd.count

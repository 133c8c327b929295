"""Every active workspace gets a message."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from background_sync.messages import read_message
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES
from background_sync.rules.policy import DAY_MS
from background_sync.sync.dispatch import Dispatched
from tests.integration.dispatch.many import put_workspaces, record, sent
from tests.integration.world import NOW, World


def receive_raw(world: World) -> list[Any]:
    answer = world.sqs.receive_message(
        QueueUrl=world.queue.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )
    return list(answer.get("Messages", []))


def test_a_sweep_without_workspaces_is_finished_at_once(world: World) -> None:
    done = world.dispatch()
    assert (done.dispatched, done.skipped, done.complete) == (0, 0, True)
    assert world.swept()["finished"]


def test_the_body_has_the_agreed_schema_and_the_group_is_the_workspace(world: World) -> None:
    world.workspace("w1")
    world.dispatch()
    [message] = receive_raw(world)
    assert json.loads(message["Body"]) == {"version": 1, "kind": "run", "workspace_id": "w1", "run_at": NOW}
    assert message["Attributes"]["MessageGroupId"] == "w1"


@pytest.mark.parametrize("workspace_id", ["日本 & Söhne/1", "x" * 900, "a b", "w#1", "\x01"])
def test_a_workspace_id_may_have_any_characters(world: World, workspace_id: str) -> None:
    world.workspace(workspace_id)
    world.contact("628", 10**8, workspace_id)
    assert world.sweep()["flagged"] == 1
    assert world.record(workspace_id).status == "completed"


@pytest.mark.parametrize(
    ("workspace_id", "reason"), [("#sweep", "reserved_id"), ("x" * (MAX_WORKSPACE_ID_BYTES + 1), "long_id")]
)
def test_a_workspace_whose_id_is_no_key_of_syncs_records_is_skipped(
    world: World, workspace_id: str, reason: str
) -> None:
    world.workspace(workspace_id)
    assert world.dispatch().skipped == 1
    assert world.swept()["skipped_why"] == {reason: 1}
    assert not receive_raw(world)


def test_skipped_workspaces_are_counted_by_reason(world: World) -> None:
    world.workspace("w1", kapso_phone_id=None)
    world.workspace("w2", kapso_phone_id="")
    world.workspace("w3", kapso_token_parameter=None)
    world.workspace("w4", kapso_token_parameter={"secret": "x"})
    world.workspace("w5", kapso_phone_id=110987654321)
    assert (world.dispatch().dispatched, world.dispatch().skipped) == (0, 5)
    assert world.swept()["skipped_why"] == {"no_phone": 2, "no_token": 1, "invalid": 2}


def test_over_pages_and_segments_each_workspace_counts_once(world: World) -> None:
    active = put_workspaces(world, 230, without_token=20)
    world.segments, queue = 2, record(world)
    done = world.dispatch()
    assert (done.dispatched, done.skipped) == (230, 20)
    assert sorted(read_message(body, NOW).workspace_id for body in queue.taken) == active


def test_every_record_of_a_sweep_expires_after_90_days(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.audit_enabled = True
    world.sweep()
    records = world.items(world.database.tables.sync_health)
    assert len(records) == 5  # The sweep, its segment, a shard of its counters, the run and the audit.
    assert {each["expires_at"] for each in records} == {(NOW + 90 * DAY_MS) // 1000}


def dispatch_twice(world: World) -> list[Dispatched]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: world.dispatch(resume=True), range(2)))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("segments", [1, 4])
def test_two_concurrent_dispatches_count_exactly(world: World, segments: int) -> None:
    active = put_workspaces(world, 45, without_token=7)
    world.segments = segments
    if not all(each.complete for each in dispatch_twice(world)):
        world.dispatch(resume=True)
    sweep = world.swept()
    assert (sweep["status"], sweep["dispatched"], sweep["skipped"]) == ("dispatched", 45, 7)
    assert sent(world).keys() == set(active)

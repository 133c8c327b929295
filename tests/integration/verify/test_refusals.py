"""If Kapso does not respond, or its response is invalid, the run is deferred; a later run catches up."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from werkzeug.wrappers import Request, Response

from background_sync.messages import RUN, Message
from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync.sync.deliver import Delivery
from background_sync.tokens import Tokens
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import (
    KEY,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    Number,
    assert_counts_add_up,
    put_key,
)
from tests.integration.world import NOW, TOKEN_PREFIX, World

OTHER_ID, OTHER_KEY = "220987654321", "the-key-of-another-workspace"
KINDS: dict[str, tuple[str, Any]] = {
    "401": ("unauthorized", answers.status(401)),
    "404": ("number_unknown", answers.status(404)),
    "422": ("rejected", answers.status(422)),
    "400": ("rejected", answers.status(400)),
    "429": ("rate_limited", answers.status(429)),
    "500": ("unavailable", answers.status(500)),
    "503": ("unavailable", answers.status(503)),
    "reset": ("unavailable", answers.reset()),
    "cut short": ("unavailable", answers.truncated()),
    "broken JSON": ("invalid_response", answers.broken_json()),
    "a page of a gateway": ("invalid_response", answers.html()),
    "a redirect": ("invalid_response", answers.redirect("https://example.com/")),
    "too much": ("invalid_response", answers.huge(6_000_000)),
    "another number": ("invalid_response", answers.another_number("330")),
    "no data": ("invalid_response", answers.body(b'{"conversations": []}')),
    "null": ("invalid_response", answers.body(b"null")),
}


@pytest.fixture
def other(world: World, number: Number) -> str:
    """A workspace with another number, another key and a missed message."""
    number.store.add_number(OTHER_ID, OTHER_KEY)
    put_key(world, "other", OTHER_KEY)
    world.workspace(
        "w2", settings=REPAIR, kapso_phone_id=OTHER_ID, kapso_token_parameter=f"{TOKEN_PREFIX}other"
    )
    number.store.message(OTHER_ID, number.store.add_person("621"), "inbound", NOW - 10 * MINUTE_MS)
    world.contact("621", LONG_AGO_MS, "w2")
    return "w2"


@pytest.fixture(autouse=True)
def one_missed_and_one_old_contact(number: Number) -> None:
    number.missed("621")
    number.quiet("631", 3 * DAY_MS)


def assert_deferred(world: World, why: str, run_at: int = NOW) -> None:
    record = world.record(run_at=run_at)
    assert (record.status, record.deferred, record.deferred_why) == ("completed", 1, why)
    assert (record.stale_found, record.unverified, record.flagged) == (2, 2, 0)
    assert_counts_add_up(record)
    assert world.flagged() == set()
    assert "watermark" not in world.workspace_record()


@pytest.mark.usefixtures("no_time_to_wait")
@pytest.mark.parametrize("kind", KINDS)
def test_the_run_is_deferred_and_flags_nobody(world: World, number: Number, other: str, kind: str) -> None:
    why, fault = KINDS[kind]
    number.server.faults.add(fault, key=KEY)
    sweep = world.sweep()
    assert_deferred(world, why)
    assert world.record(other).repaired == 1
    assert (sweep["completed"], sweep["failed"], sweep["deferred"], sweep["repaired"]) == (2, 0, 1, 1)
    number.server.faults.clear()
    run_at = world.next_hour()
    assert world.counts("deferred", "repaired", "flagged", run_at=run_at) == (0, 1, 1)
    assert world.flagged() == {"631"}


def test_slow_errors_leave_enough_time_to_close_the_run(world: World, number: Number) -> None:
    """A run that is cut off at the end of its invocation records nothing, and every retry ends the same."""
    deadline = world.deadline(26_000)

    def time_out(request: Request, proceed: Callable[[], Response]) -> Response:
        world.clock.time += min(10_000, max(0, deadline.at - world.clock.time))
        return answers.status(504)(request, proceed)

    number.server.faults.add(time_out, path="/conversations")
    delivery = Delivery(body=Message(RUN, "w1", NOW).body(), receipt_handle="none", receive_count=1)
    world.handler().handle(delivery, deadline)
    assert_deferred(world, "unavailable")
    assert deadline.at - world.clock.time >= 2_000


@pytest.mark.usefixtures("no_time_to_wait")
def test_all_workspaces_of_a_key_wait_after_a_429(world: World, number: Number, other: str) -> None:
    world.workspace("w3", settings=REPAIR)
    number.server.faults.add(answers.status(429, retry_after="600"), times=1)
    world.run("w1")
    asked = len(number.requests)
    world.clock.time = NOW + 10 * MINUTE_MS - 1
    world.run("w3")
    assert world.record("w3").deferred_why == "budget_spent"
    assert len(number.requests) == asked == 1
    world.run(other)
    assert world.record(other).repaired == 1
    world.clock.time = NOW + 10 * MINUTE_MS
    world.run("w1", NOW + 1)
    assert world.counts("deferred", "repaired", run_at=NOW + 1) == (0, 1)


@pytest.mark.usefixtures("no_time_to_wait")
def test_a_429_at_a_look_up_does_not_defer_the_run_and_is_respected(world: World, number: Number) -> None:
    number.fail(429, path="/webhooks")
    world.run()
    assert world.counts("deferred", "repaired") == (0, 1)
    world.workspace("w3", settings=REPAIR)
    world.clock.time = NOW + 59_000
    world.run("w3")
    assert world.record("w3").deferred_why == "budget_spent"


def test_a_changed_key_works_at_once(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(TOKEN_PREFIX, world.clock, world.ssm)
    monkeypatch.setattr("tests.integration.world.Tokens", lambda *_: tokens)
    world.run()
    number.store.add_number(PHONE_ID, "a-new-key")
    put_key(world, "abc", "a-new-key")
    world.run(run_at=NOW + 1)
    assert world.counts("deferred", run_at=NOW + 1) == (0,)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameters"), "token_throttled"),
        (ConnectTimeoutError(endpoint_url="https://ssm"), "no_token"),
    ],
)
def test_a_throttled_key_store_is_no_missing_key(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def get_parameters(**_: object) -> None:
        raise error

    monkeypatch.setattr(world.ssm, "get_parameters", get_parameters)
    world.run()
    assert_deferred(world, why)


@pytest.mark.parametrize(
    ("attributes", "key", "why"),
    [
        ({"kapso_phone_id": "../../v1/x"}, KEY, "invalid_phone_id"),
        ({"kapso_token_parameter": "/stack/other/abc"}, KEY, "no_token"),
        ({"kapso_token_parameter": f"{TOKEN_PREFIX}gone"}, KEY, "no_token"),
        *(({}, key, "unauthorized") for key in ("two\nlines", "käse", "a b", "\t")),
    ],
)
def test_an_invalid_number_or_key_sends_no_request(
    world: World, number: Number, attributes: dict[str, str], key: str, why: str
) -> None:
    put_key(world, "abc", key)
    world.workspace(settings=REPAIR, **attributes)
    world.run()
    assert_deferred(world, why)
    assert number.requests == []

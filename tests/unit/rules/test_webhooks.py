"""Which webhooks a number needs, and when Kapso may soon switch one off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.webhooks import (
    NEEDED_EVENTS,
    Webhook,
    is_failing,
    missing_events,
    needed_changes,
    webhook_state,
)

RECEIVED, SENT = "whatsapp.message.received", "whatsapp.message.sent"
webhooks = st.builds(
    Webhook,
    id=st.uuids().map(str),
    url=st.none(),
    active=st.booleans(),
    kind=st.sampled_from(["kapso", "meta", None]),
    events=st.lists(st.sampled_from([RECEIVED, SENT, "whatsapp.message.read"]), unique=True).map(tuple),
)
numbers = st.lists(webhooks, max_size=4, unique_by=lambda each: each.id)


def webhook(*events: str, active: bool = True, kind: str | None = "kapso") -> Webhook:
    return Webhook(id=f"{events} {active}", url=None, active=active, kind=kind, events=events)


@pytest.mark.parametrize(
    ("found", "state", "missing"),
    [
        ([], "none", (RECEIVED, SENT)),
        ([webhook(RECEIVED, SENT)], "active", ()),
        ([webhook(RECEIVED, SENT, active=False)], "off", (RECEIVED, SENT)),
        ([webhook(RECEIVED, SENT), webhook(active=False)], "active", ()),
        ([webhook(RECEIVED)], "incomplete", (SENT,)),
        ([webhook(RECEIVED), webhook(SENT, active=False)], "incomplete", (SENT,)),
        ([webhook(RECEIVED), webhook(SENT)], "active", ()),
        ([webhook(kind="meta")], "active", ()),
        ([webhook(kind="meta", active=False), webhook(SENT)], "incomplete", (RECEIVED,)),
    ],
)
def test_active_webhooks_must_get_it_all(found: list[Webhook], state: str, missing: tuple[str, ...]) -> None:
    assert (webhook_state(found), missing_events(found)) == (state, missing)


@given(numbers)
def test_the_needed_changes_of_any_webhook_make_the_number_active(found: list[Webhook]) -> None:
    for chosen in found:
        changes = needed_changes(chosen, found)
        changed = replace(
            chosen,
            active=changes.get("active", chosen.active),
            events=tuple(changes.get("events", chosen.events)),
        )
        assert webhook_state([changed, *(each for each in found if each.id != chosen.id)]) == "active"
        assert set(chosen.events) <= set(changed.events) <= {*chosen.events, *NEEDED_EVENTS}


@given(numbers, webhooks)
def test_an_inactive_webhook_beside_others_changes_no_state(found: list[Webhook], more: Webhook) -> None:
    beside = [*found, replace(more, active=False)]
    assert webhook_state(beside) == (webhook_state(found) if found else "off")


@pytest.mark.parametrize(
    ("count", "within_min", "failing"), [(10, 14.9, True), (9, 1, False), (10, 15, False), (100, 200, False)]
)
def test_ten_failures_in_fifteen_minutes_are_failing(count: int, within_min: float, failing: bool) -> None:
    times = [round(number * within_min * MINUTE_MS / (count - 1)) for number in range(count)]
    assert is_failing(times[::-1]) is failing

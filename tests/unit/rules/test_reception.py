"""What Kapso's live check of a number says about hearing Meta. The answers are those of its documentation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.reception import LOST, latest_reception, read_reception

SUBSCRIBED = {"app_id": "789", "subscribed": True, "subscribed_fields": ["messages", "flows"]}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def answer(status: str = "healthy", **checks: Any) -> dict[str, Any]:
    """A healthy number, with these checks changed; None leaves one out."""
    healthy = {
        "phone_number_access": {"passed": True, "details": {"status": "CONNECTED"}},
        "messaging_health": {"passed": True, "overall_status": "AVAILABLE"},
        "webhook_subscription": {"passed": True, "details": SUBSCRIBED},
        "webhook_verified": {"passed": True},
    }
    found = {name: check for name, check in {**healthy, **checks}.items() if check is not None}
    return {"status": status, "timestamp": "2025-01-20T14:25:30Z", "checks": found}


def subscription(**details: object) -> dict[str, Any]:
    return answer(webhook_subscription={"passed": True, "details": SUBSCRIBED | details})


@pytest.mark.parametrize(
    ("document", "reception"),
    [
        (answer(), "heard"),
        (answer(token_validity={"passed": True}), "heard"),
        (answer("degraded", messaging_health={"passed": False}), "heard"),
        (answer("degraded", webhook_verified={"passed": False}), "heard"),
        (subscription(subscribed_fields=None), "heard"),
        (answer("unhealthy", token_validity={"passed": False}), "token_invalid"),
        (answer("unhealthy", phone_number_access={"passed": False}), "no_access"),
        (answer("degraded", webhook_subscription={"passed": False}), "not_subscribed"),
        (subscription(subscribed=False), "not_subscribed"),
        (subscription(subscribed_fields=["flows"]), "not_subscribed"),
        (answer("error", phone_number_access={"passed": False}), "unknown"),
        (answer(phone_number_access=None), "unknown"),
        (answer(webhook_subscription=None), "unknown"),
        (answer(webhook_subscription={"passed": "yes"}), "unknown"),
        ({"status": "healthy", "checks": None}, "unknown"),
    ],
)
def test_a_bad_token_number_or_subscription_is_a_loss(document: object, reception: str) -> None:
    assert read_reception(document) == reception


@given(ANY_JSON)
def test_an_answer_of_any_other_shape_says_nothing(document: object) -> None:
    assert read_reception(document) == "unknown"
    assert read_reception({"status": "healthy", "checks": document}) == "unknown"


@pytest.mark.parametrize("known", [None, "unknown", "heard", *sorted(LOST)])
def test_an_answer_that_says_nothing_does_not_end_a_loss(known: str | None) -> None:
    assert latest_reception(known, "unknown") == (known if known in LOST else "unknown")
    assert latest_reception(known, "heard") == "heard"
    assert latest_reception(known, "no_access") == "no_access"

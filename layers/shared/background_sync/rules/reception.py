"""Whether Kapso hears Meta: without that, a number's conversations look as if everybody were quiet.

The names of the checks are Kapso's (Platform API, "Check phone health"). A check may be missing: Kapso has
`token_validity` for some numbers only.
"""

from collections.abc import Mapping
from typing import Final

HEARD, UNKNOWN = "heard", "unknown"
LOST_BY: Final[Mapping[str, str]] = {
    "token_validity": "token_invalid",
    "phone_number_access": "no_access",
    "webhook_subscription": "not_subscribed",
}
"""Kapso's checks, and what the reception is when one does not pass.

Others say nothing about it: a new number's `webhook_verified` passes only after its first message.
"""
LOST: Final = frozenset(LOST_BY.values())
NEEDED_CHECKS: Final = ("phone_number_access", "webhook_subscription")
NEEDED_FIELD: Final = "messages"
"""The field of Meta's webhooks that brings messages."""
DID_NOT_RUN: Final = "error"


def read_reception(document: object) -> str:
    """`heard`, why it is lost (`LOST`), or `unknown`: from the answer to Kapso's health check of a number."""
    answer = _object(document)
    checks = _object(answer.get("checks"))
    if answer.get("status") == DID_NOT_RUN:
        return UNKNOWN
    for name, lost in LOST_BY.items():
        if _object(checks.get(name)).get("passed") is False:
            return lost
    if _lacks_messages(_object(_object(checks.get("webhook_subscription")).get("details"))):
        return LOST_BY["webhook_subscription"]
    passed = (_object(checks.get(name)).get("passed") is True for name in NEEDED_CHECKS)
    return HEARD if all(passed) else UNKNOWN


def latest_reception(known: str | None, answer: str) -> str:
    """What is known after an answer: one that says nothing does not end a loss."""
    return known if answer == UNKNOWN and known in LOST else answer


def _lacks_messages(details: Mapping[str, object]) -> bool:
    fields = details.get("subscribed_fields")
    return details.get("subscribed") is False or (isinstance(fields, list) and NEEDED_FIELD not in fields)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

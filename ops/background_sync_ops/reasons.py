"""Why a workspace is in the states that the API lists, in plain words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from background_sync.rules.workspace import SKIP_REASONS
from background_sync.status.page.words import NONE

Document = Mapping[str, Any]
DEFERRED_WHY = {
    "invalid_phone_id": "kapso_phone_id is not one of Kapso's",
    "unauthorized": "Kapso refuses the key",
    "number_unknown": "Kapso does not know the number",
    "rejected": "Kapso refused the request",
    "rate_limited": "Kapso asks for a pause",
    "budget_spent": "the key's requests are used up",
    "unavailable": "Kapso did not answer",
    "invalid_response": "Kapso's answer makes no sense",
    "no_token": "the key cannot be read",
    "token_throttled": "SSM is throttled, so the key could not be read",
}


AWS_ERROR = re.compile(r"An error occurred \((\w+)\).*? when calling the (\w+) operation.*?: (.*)", re.DOTALL)
SHORT_MESSAGE = 80


def short_error(error: str | None) -> str:
    """A run's error; of AWS's long ones the operation and the code, and the message if it is short."""
    found = AWS_ERROR.search(error or "")
    if found is None:
        return error or NONE
    code, operation, message = found.groups()
    return f"AWS refused {operation}: {code}" + (f": {message}" if len(message) <= SHORT_MESSAGE else "")


def deferred_why(document: Document) -> str | None:
    """Why a run, or a workspace's last run, could not ask Kapso."""
    why = document["deferred_why"]
    return DEFERRED_WHY.get(why, why)


def reasons(workspace: Document) -> Iterator[str]:
    """A reason for each state that has one, the worst first."""
    if "failing" in workspace["states"]:
        yield short_error(workspace["error"])
    if "reception_lost" in workspace["states"]:
        yield workspace["reception"].replace("_", " ")
    if "deferred" in workspace["states"]:
        yield deferred_why(workspace) or NONE
    if "webhook_off" in workspace["states"]:
        yield ": ".join(filter(None, (workspace["webhook"], workspace["webhook_missing"])))
    if workspace["inactive_why"] is not None:
        yield SKIP_REASONS[workspace["inactive_why"]]
    for name, why in workspace["invalid_settings"].items():
        yield f"{name} is {why}: the default is used"

"""The messages between the intake's two functions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from background_sync.intake.events import Event
from background_sync.messages import InvalidMessage, read_document, read_workspace_id

VERSION = 1
MAX_EVENTS = 50
"""Of one message: with names of 500 characters, they stay below the 256 KB that SQS takes."""


@dataclass(frozen=True, slots=True)
class Received:
    """Events of one workspace."""

    workspace_id: str
    events: Sequence[Event]

    def body(self) -> str:
        """As JSON, without what a field's default says, and without any text of a message."""
        events = [
            {name: value for name, value in asdict(each).items() if value is not None} for each in self.events
        ]
        return json.dumps({"version": VERSION, "workspace_id": self.workspace_id, "events": events})


def split(workspace_id: str, events: Sequence[Event]) -> Iterator[Received]:
    for start in range(0, len(events), MAX_EVENTS):
        yield Received(workspace_id, events[start : start + MAX_EVENTS])


def read_received(body: str) -> Received:
    """Parse a body; raises `InvalidMessage`."""
    document = read_document(body, VERSION)
    events = document.get("events")
    try:
        known = [Event(**each) for each in events] if isinstance(events, list) else []
    except TypeError:
        known = []
    if not known:
        raise InvalidMessage("events is not a list of the intake's events")
    return Received(read_workspace_id(document), known)

"""Answers a webhook: what is signed is queued, and only then answered.

413  the body is larger than 1 MB
401  the workspace has no such secret, or there is no such workspace: nothing says which
200  everything else, also what has no meaning here: each other answer counts towards Kapso's switch-off
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from background_sync.intake.events import Event, read_events
from background_sync.intake.messages import split
from background_sync.intake.secrets import Senders
from background_sync.queue import WorkQueue
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES, is_key
from background_sync.telemetry import emit

MAX_BODY_BYTES = 1_000_000
MAX_REMEMBERED = 20_000
SIGNATURE_LENGTH = 64


@dataclass
class Receiver:
    """Receives the webhooks of all workspaces. It remembers the messages that it queued last: a copy of one
    costs nothing more."""

    senders: Senders
    queue: WorkQueue
    _queued: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict, repr=False)

    def receive(self, workspace_id: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. `headers` have names in lower case.

        Raises:
            NoToken, NotSent, ClientError: it must be sent again.
        """
        is_large = len(body) > MAX_BODY_BYTES
        signature = headers.get("x-webhook-signature", "")
        is_possible = (
            not is_large
            and len(signature) == SIGNATURE_LENGTH
            and is_key(workspace_id, MAX_WORKSPACE_ID_BYTES)
        )
        sender = self.senders.find(workspace_id, body, signature) if is_possible else None
        if sender is None:
            emit({"intake_refused": 1})
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.UNAUTHORIZED
        now = self.senders.clock.now()
        reading = read_events(body, headers.get("x-webhook-event"), sender.phone_id, now)
        queued = self._queue(workspace_id, reading.events)
        emit({"intake_events": queued, "intake_ignored": reading.ignored}, workspace_id)
        return HTTPStatus.OK

    def _queue(self, workspace_id: str, events: Sequence[Event]) -> int:
        """Queue the events that are new; returns how many."""
        new = {
            (workspace_id, each.message_id): each
            for each in events
            if (workspace_id, each.message_id) not in self._queued
        }
        for message in split(workspace_id, list(new.values())):
            self.queue.send([message])
        self._queued |= dict.fromkeys(new)
        while len(self._queued) > MAX_REMEMBERED:
            self._queued.popitem(last=False)
        return len(new)

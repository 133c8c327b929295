"""The messages of the work queue: one workspace's share of work, at one moment."""

import json
from dataclasses import dataclass

VERSION = 1
RUN = "run"
AUDIT = "audit"
KINDS = frozenset({RUN, AUDIT})


class InvalidMessage(ValueError):
    """A queue message that this version cannot read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """Work on one workspace; `run_at` in ms since the epoch names the sweep, or the audit."""

    kind: str
    workspace_id: str
    run_at: int

    def body(self) -> str:
        """As it travels, with the schema's version."""
        return json.dumps(
            {
                "version": VERSION,
                "kind": self.kind,
                "workspace_id": self.workspace_id,
                "run_at": self.run_at,
            }
        )


def read_message(body: str) -> Message:
    """Parse a body.

    Raises:
        InvalidMessage: it is no JSON object, of another version or kind, or a field is missing or wrong.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise InvalidMessage(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidMessage("no JSON object")
    if document.get("version") != VERSION:
        raise InvalidMessage(f"version is {document.get('version')!r}, not {VERSION}")
    kind, workspace_id, run_at = (document.get(name) for name in ("kind", "workspace_id", "run_at"))
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidMessage(f"kind is {kind!r}, none of {', '.join(sorted(KINDS))}")
    if not isinstance(workspace_id, str) or not workspace_id:
        raise InvalidMessage(f"workspace_id is {workspace_id!r}")
    if not isinstance(run_at, int) or isinstance(run_at, bool) or run_at <= 0:
        raise InvalidMessage(f"run_at is {run_at!r}, no time in ms")
    return Message(kind, workspace_id, run_at)

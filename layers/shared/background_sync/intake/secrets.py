"""Who may send webhooks about a workspace: whoever signs with one of its secrets.

A secret is an SSM SecureString below the stack's prefix. While it is changed it holds two, one a line, and
both are valid. A workspace that does not exist costs no request to SSM, whose quota all tenants share.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass, field

from background_sync.clock import Clock
from background_sync.records.database import Database
from background_sync.records.workspaces import find_workspace
from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.values import valid_text
from background_sync.rules.workspace import skip_reason
from background_sync.tokens import TokenMissing, Tokens

KEPT_MS = 5 * MINUTE_MS
LOOKED_AGAIN_MS = 15_000
"""A signature that does not fit may be made with a new secret: it is looked for again, but not each time."""
MAX_KEPT = 5_000
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,200}")


def secret_name(prefix: str, workspace_id: str) -> str:
    """The name of a workspace's parameter. SSM takes few characters; any other id is named by its hash."""
    if _PLAIN.fullmatch(workspace_id):
        return prefix + workspace_id
    return f"{prefix}hashed/{hashlib.sha256(workspace_id.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Sender:
    """A workspace's number and secrets, as read at `read_at` (ms)."""

    phone_id: str
    secrets: tuple[str, ...]
    read_at: int

    def signed(self, body: bytes, signature: str) -> bool:
        """Whether a signature is that of the raw body. Each comparison takes the same time."""
        given = signature.encode(errors="replace")
        expected = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest() for each in self.secrets]
        return any([hmac.compare_digest(each.encode(), given) for each in expected])  # noqa: C419 - all


@dataclass
class Senders:
    """Finds senders, and keeps them for `KEPT_MS`. `tokens` has the secrets' prefix."""

    database: Database
    tokens: Tokens
    clock: Clock
    _kept: OrderedDict[str, Sender] = field(default_factory=OrderedDict, repr=False)

    def find(self, workspace_id: str, body: bytes, signature: str) -> Sender | None:
        """The sender of a body about a workspace, or None; raises `NoToken` if a secret cannot be read."""
        now = self.clock.now()
        for kept_ms in (KEPT_MS, LOOKED_AGAIN_MS):
            sender = self._kept.get(workspace_id)
            if sender is None or not 0 <= now - sender.read_at < kept_ms:
                sender = self._read(workspace_id, now)
            if sender is None or sender.signed(body, signature):
                return sender
        return None

    def _read(self, workspace_id: str, now: int) -> Sender | None:
        """None if there is no such workspace: that is not kept, or made-up ids would displace the others."""
        record = find_workspace(self.database, workspace_id) or {}
        phone_id = valid_text(record, "kapso_phone_id")
        if phone_id is None or skip_reason(record) == "reserved_id":
            return None
        try:
            secret = self.tokens.read(secret_name(self.tokens.prefix, workspace_id))
        except TokenMissing:
            secret = ""
        self._kept.pop(workspace_id, None)
        self._kept[workspace_id] = Sender(phone_id, tuple(secret.split()), now)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return self._kept[workspace_id]

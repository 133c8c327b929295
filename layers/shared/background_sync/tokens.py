"""The workspaces' Kapso keys: SSM SecureStrings under the stack's prefix, kept in memory for a while."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from background_sync.aws import ADAPTIVE_CONFIG, LazyClient
from background_sync.clock import Clock, Deadline, attempts
from background_sync.rules.policy import HOUR_MS

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MAX_KEPT = 5_000
BATCH_SIZE = 10
MAX_TRIES = 6
PAUSE_S = 0.2


class NoToken(Exception):
    """A workspace's key cannot be read. The message names the parameter, never the key."""


class TokenMissing(NoToken):
    """There is no such parameter."""


class TokenThrottled(NoToken):
    """SSM answers no more requests for now: the account's quota is used up."""


@dataclass
class Tokens:
    """Reads keys by the names of their parameters, and keeps them for `kept_ms`.

    Names outside `prefix` are never read. Threads may share it: every change of the cache is one atomic call,
    and a lost entry costs one more read.
    """

    prefix: str
    clock: Clock
    client: "SSMClient | LazyClient" = field(default_factory=lambda: LazyClient("ssm", ADAPTIVE_CONFIG))
    kept_ms: int = HOUR_MS
    # The time of the read and the key, by name; the least recently used comes first.
    _kept: OrderedDict[str, tuple[int, str]] = field(default_factory=OrderedDict, repr=False)

    def get(self, name: str, deadline: Deadline | None = None) -> str:
        """A key; raises `NoToken`."""
        if not name.startswith(self.prefix):
            # What stands in the field may be a key that was put into the wrong one, so it is never quoted.
            raise NoToken(f"the name in kapso_token_parameter does not begin with {self.prefix}")
        now = self.clock.now()
        kept = self._kept.pop(name, None)
        if kept is None or now - kept[0] >= self.kept_ms:
            kept = now, self._read(name, now, deadline)
        self._kept[name] = kept
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept[1]

    def read(self, name: str) -> str:
        """A key as it is now, which is not kept; raises `NoToken`."""
        keys = self._request([name], None)
        if name not in keys:
            raise TokenMissing(f"{name}: ParameterNotFound")
        return keys[name]

    def is_changed(self, name: str, deadline: Deadline) -> bool:
        """Read a key again, because Kapso refused it; returns whether it is another one now."""
        _, refused = self._kept.pop(name, (0, None))
        try:
            return self.get(name, deadline) != refused
        except NoToken:
            return False

    def _read(self, name: str, now: int, deadline: Deadline | None) -> str:
        """Read a key, and in the same request others that are due."""
        due = [each for each, (read_at, _) in list(self._kept.items()) if now - read_at >= self.kept_ms]
        due = due[: BATCH_SIZE - 1]
        try:
            keys = self._request([name, *due], deadline)
        except TokenThrottled:
            raise
        except NoToken:
            if not due:
                raise
            # One of the others may be at fault.
            keys = self._request([name], deadline)
        for each in due:
            self._kept.pop(each, None)
        self._kept.update((each, (now, key)) for each, key in keys.items())
        if name not in keys:
            raise TokenMissing(f"{name}: ParameterNotFound")
        return keys[name]

    def _request(self, names: Sequence[str], deadline: Deadline | None) -> dict[str, str]:
        """The keys that exist, by name."""
        for _ in attempts(self.clock, MAX_TRIES, PAUSE_S, deadline):
            try:
                answer = self.client.get_parameters(Names=names, WithDecryption=True)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if not code.startswith("Throttl"):
                    raise NoToken(f"{names[0]}: {code}") from None
            except BotoCoreError as error:
                raise NoToken(f"{names[0]}: {type(error).__name__}") from None
            else:
                found = answer["Parameters"]
                # A key that was copied from a file ends in a newline.
                return {each["Name"] + each.get("Selector", ""): each["Value"].strip() for each in found}
        raise TokenThrottled(f"{names[0]}: SSM throttles the requests")

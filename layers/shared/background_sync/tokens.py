"""The workspaces' Kapso keys: SSM SecureStrings under the stack's prefix, kept in memory for minutes."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from background_sync.aws import CLIENT_CONFIG
from background_sync.clock import Clock
from background_sync.rules.policy import MINUTE_MS

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_MS = 5 * MINUTE_MS
MAX_KEPT = 256


class NoToken(Exception):
    """A workspace's key cannot be read. The message names the parameter, never the key."""


@dataclass
class Tokens:
    """Reads keys by the names of their parameters. Names outside `prefix` are never read.

    Threads may share it: every change of the cache is one atomic call, and a lost entry costs one more read.
    """

    prefix: str
    clock: Clock
    client: "SSMClient" = field(default_factory=lambda: boto3.client("ssm", config=CLIENT_CONFIG))
    # The time of the read and the key, by name; the least recently used comes first.
    _kept: OrderedDict[str, tuple[int, str]] = field(default_factory=OrderedDict, repr=False)

    def get(self, name: str) -> str:
        """A key; raises `NoToken`."""
        if not name.startswith(self.prefix):
            # What stands in the field may be a key that was put into the wrong one, so it is never quoted.
            raise NoToken(f"the name in kapso_token_parameter does not begin with {self.prefix}")
        now = self.clock.now()
        kept = self._kept.pop(name, None)
        if kept is None or now - kept[0] >= KEPT_MS:
            kept = now, self._read(name)
        self._kept[name] = kept
        if len(self._kept) > MAX_KEPT:
            self._evict(now)
        return kept[1]

    def forget(self, name: str) -> None:
        """Read the key again next time, because Kapso refused it."""
        self._kept.pop(name, None)

    def _evict(self, now: int) -> None:
        """Drop expired keys, and then the least recently used."""
        for name, (read_at, _) in list(self._kept.items()):
            if now - read_at >= KEPT_MS:
                self._kept.pop(name, None)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def _read(self, name: str) -> str:
        try:
            answer = self.client.get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise NoToken(f"{name}: {code}") from None
        except BotoCoreError as error:
            raise NoToken(f"{name}: {type(error).__name__}") from None
        # A key that was copied from a file ends in a newline.
        return answer["Parameter"]["Value"].strip()

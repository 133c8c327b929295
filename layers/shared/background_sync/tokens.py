"""The workspaces' Kapso keys: SSM SecureStrings under the stack's prefix, read when needed and kept."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from background_sync.clock import Clock
from background_sync.rules.policy import MINUTE_MS

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_MS = 5 * MINUTE_MS
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"})


class NoToken(Exception):
    """The workspace's key cannot be read; the message names the parameter, never the key."""


@dataclass
class Tokens:
    """Reads keys by the name of their parameter; only names under `prefix` are ever read."""

    prefix: str
    clock: Clock
    client: "SSMClient" = field(default_factory=lambda: boto3.client("ssm", config=CONFIG))
    _kept: dict[str, tuple[int, str]] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str:
        """A key; raises `NoToken`."""
        if not name.startswith(self.prefix):
            raise NoToken(f"{name} is not under {self.prefix}")
        now = self.clock.now()
        if name not in self._kept or now - self._kept[name][0] >= KEPT_MS:
            self._kept[name] = now, self._read(name)
        return self._kept[name][1]

    def forget(self, name: str) -> None:
        """Read a key anew next time: Kapso refused it."""
        self._kept.pop(name, None)

    def _read(self, name: str) -> str:
        try:
            answer = self.client.get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise NoToken(f"{name}: {code}") from None
        except BotoCoreError as error:
            raise NoToken(f"{name}: {type(error).__name__}") from None
        return answer["Parameter"]["Value"].strip()  # a file that it came from ends in a newline

"""Kapso tokens, each kept once as a SecureString under the name of its hash, and nowhere else."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from background_sync_ops.snapshot.documents import Token
from background_sync_ops.snapshot.patience import patiently
from background_sync_ops.snapshot.store import batches

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

READ_BATCH = 10
HASH_DIGITS = 32
THERE_ALREADY = "ParameterAlreadyExists"


class TokenRefused(Exception):
    """SSM does not take a token. AWS's own message is left out: it may quote the value."""


@dataclass
class TokenStore:
    """The parameters under one prefix."""

    client: "SSMClient"
    prefix: str
    stored: int = 0
    _known: set[str] = field(default_factory=set)

    def name(self, token: Token) -> str:
        """The name of a token's parameter."""
        return self.prefix + hashlib.sha256(token.text.encode()).hexdigest()[:HASH_DIGITS]

    def look_up(self, tokens: Iterable[Token]) -> None:
        """Learn which of the tokens are kept already, ten a request: SSM allows few writes a second."""
        names = {self.name(token) for token in tokens} - self._known
        for batch in batches(sorted(names), READ_BATCH):
            answer = patiently(f"reading below {self.prefix}", self.client.get_parameters, Names=batch)
            self._known.update(each["Name"] for each in answer["Parameters"])

    def keep(self, token: Token) -> str:
        """Keep a token, if it is not kept yet; the name of its parameter.

        Raises:
            TokenRefused: SSM does not take it.
        """
        name = self.name(token)
        if name not in self._known:
            self._put(name, token)
            self._known.add(name)
        return name

    def _put(self, name: str, token: Token) -> None:
        try:
            patiently(
                f"writing below {self.prefix}",
                self.client.put_parameter,
                Name=name,
                Value=token.text,
                Type="SecureString",
            )
            self.stored += 1
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ValidationException":
                raise TokenRefused("SSM does not take its token") from None
            if code != THERE_ALREADY:
                raise

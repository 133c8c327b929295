"""Kapso tokens. Each is stored once, as a SecureString in SSM that is named by its hash, and nowhere else."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from background_sync_ops.snapshot.documents import Token
from background_sync_ops.snapshot.retries import with_retries
from background_sync_ops.snapshot.table import batches
from background_sync_ops.snapshot.values import BadDocument

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

READ_BATCH = 10
"""The most names of one GetParameters."""
HASH_DIGITS = 32


@dataclass
class TokenStore:
    """The parameters whose names begin with `prefix`. `stored` counts those that this import created."""

    client: "SSMClient"
    prefix: str
    stored: int = 0
    _known: set[str] = field(default_factory=set)

    def look_up(self, tokens: Iterable[Token]) -> None:
        """Learn which of the tokens are stored already."""
        names = {self._name(token) for token in tokens} - self._known
        for batch in batches(sorted(names), READ_BATCH):
            answer = with_retries(f"reading below {self.prefix}", self.client.get_parameters, Names=batch)
            self._known.update(each["Name"] for each in answer["Parameters"])

    def store(self, token: Token) -> str:
        """Store a token, unless it is known to be stored. Returns the name of its parameter.

        Raises:
            BadDocument: SSM rejects it.
        """
        name = self._name(token)
        if name not in self._known:
            self._put(name, token)
            self._known.add(name)
        return name

    def _name(self, token: Token) -> str:
        return self.prefix + hashlib.sha256(token.text.encode()).hexdigest()[:HASH_DIGITS]

    def _put(self, name: str, token: Token) -> None:
        value = {"Name": name, "Value": token.text, "Type": "SecureString"}
        try:
            with_retries(f"writing below {self.prefix}", self.client.put_parameter, **value)
            self.stored += 1
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ValidationException":
                # AWS's own message is left out, because it may quote the token.
                raise BadDocument("SSM rejected its token") from None
            # Another import has just created it. The name is the token's hash, so the value is the same.
            if code != "ParameterAlreadyExists":
                raise

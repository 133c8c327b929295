"""The AWS clients of a Lambda function."""

from functools import cache
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session

CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"})
"""botocore's own timeouts are a minute each: one call that hangs would use up an invocation."""
ADAPTIVE_CONFIG = CLIENT_CONFIG.merge(Config(retries={"mode": "adaptive"}))
"""For a service with a small quota: the client sends more slowly while it is throttled."""
_making = Lock()


@cache
def session() -> Session:
    """The session of all clients: what it has loaded for one is there for the next."""
    return Session()


class LazyClient:
    """A client that is made when it is first used: that takes long, and not every invocation uses it."""

    def __init__(self, service: str, config: Config = CLIENT_CONFIG) -> None:
        self._service = service
        self._config = config
        self._client: Any = None

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - the client's own
        with _making:  # a session must not make clients in several threads at once
            if self._client is None:
                make: Any = boto3.Session(botocore_session=session()).client
                self._client = make(self._service, config=self._config)
        return getattr(self._client, operation)

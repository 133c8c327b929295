"""The AWS clients of a Lambda function."""

from functools import cache
from threading import Lock
from typing import Any

import boto3
from botocore import __version__ as botocore_version
from botocore.config import Config
from botocore.session import Session

from background_sync.rules.version import VERSION

USER_AGENT = f"background-sync/{VERSION} Botocore/{botocore_version}"
"""botocore would put together its own for each request, which takes a tenth of the CPU time."""
CLIENT_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard"}, parameter_validation=False
)
"""botocore's own timeouts are a minute each: one call that hangs would use up an invocation.

The services check parameters themselves. To check a batch of messages here too takes a tenth of its CPU time.
"""
ADAPTIVE_CONFIG = CLIENT_CONFIG.merge(Config(retries={"mode": "adaptive"}))
"""For a service with a small quota: the client sends more slowly while it is throttled."""
_making = Lock()


@cache
def session() -> Session:
    """The session of all clients: what it has loaded for one is there for the next."""
    made = Session()
    made.set_default_client_config(Config(user_agent=USER_AGENT))
    return made


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

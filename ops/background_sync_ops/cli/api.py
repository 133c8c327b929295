"""The stack's HTTP API: plain on the local stack, signed with the operator's credentials on AWS."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from background_sync_ops.cli.errors import CommandError
from background_sync_ops.target import Target

TIMEOUT_S = 30
OK = 200
BAD_REQUEST = 400
FORBIDDEN = 403
UNAVAILABLE = 503
Document = dict[str, Any]


class RequestRefused(CommandError):
    """The API refuses what it is asked, in its words: to ask again is no use."""


@dataclass(frozen=True)
class HealthApi:
    """Asks the health API of `target`; every method raises `CommandError` where it gives no usable answer."""

    target: Target

    def health(self) -> Document:
        """The overall state, `status` being pass, warn or fail."""
        status, document = self._get("/health")
        if status not in (OK, UNAVAILABLE) or document.get("status") not in ("pass", "warn", "fail"):
            raise self._unusable("/health", status, document)
        return document

    def runs(self, workspace_id: str | None, limit: int) -> Document:
        """{"runs", "summary"}."""
        chosen = {} if workspace_id is None else {"workspace_id": workspace_id}
        return self._listed("/health/runs", {**chosen, "limit": str(limit)})

    def sweeps(self, limit: int) -> Document:
        """{"sweeps", "summary"}."""
        return self._listed("/health/sweeps", {"limit": str(limit)})

    def _listed(self, path: str, parameters: dict[str, str]) -> Document:
        status, document = self._get(f"{path}?{urlencode(parameters)}")
        if status != OK:
            raise self._unusable(path, status, document)
        return document

    def _get(self, path: str) -> tuple[int, Document]:
        url = self.target.outputs["ApiUrl"] + path
        request = AWSRequest("GET", url)
        if not self.target.is_local:
            self._sign(request)
        try:
            answer = self._session(url).send(request.prepare())
        except (HTTPClientError, NotConnected) as error:
            raise CommandError(f"the health API of {self.target.name} does not answer: {error}") from None
        return answer.status_code, _document(answer.content)

    def _sign(self, request: AWSRequest) -> None:
        credentials = self.target.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        SigV4Auth(credentials, "execute-api", self.target.region).add_auth(request)

    def _session(self, url: str) -> URLLib3Session:
        proxies = {} if self.target.is_local else get_environ_proxies(url)
        return URLLib3Session(timeout=TIMEOUT_S, proxies=proxies)

    def _unusable(self, path: str, status: int, document: Document) -> CommandError:
        error = document.get("error")
        if status == BAD_REQUEST and isinstance(error, dict):
            return RequestRefused(str(error.get("message")))
        if status == FORBIDDEN:
            return CommandError(f"AWS denied GET {path}: the credentials need execute-api:Invoke on this API")
        return CommandError(
            f"the health API answered GET {path} with {status}: look at the health function's log"
        )


def _document(content: bytes) -> Document:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

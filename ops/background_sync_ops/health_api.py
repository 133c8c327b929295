"""The stack's health API: plain HTTP on the local stack, signed with the operator's credentials on AWS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from background_sync.queue import WorkQueue
from background_sync_ops.errors import USAGE, CommandError
from background_sync_ops.target import Target

TIMEOUT_S = 30
STATUSES = {"pass": 0, "warn": 1, "fail": 2}
Document = dict[str, Any]
NO_RUNS: Document = {"runs": [], "summary": None}


class RequestRefused(CommandError):
    """The API rejected a parameter, so another request would fail too. The message is the API's own."""


@dataclass(frozen=True)
class HealthQuery:
    """The newest `limit` runs and sweeps, or the newest runs of one workspace."""

    workspace_id: str | None
    limit: int
    as_json: bool


@dataclass(frozen=True)
class HealthAnswer:
    """What the API answered; `sweeps` is None if one workspace was asked for.

    `dead_letters` is how many there are, None if that may not be read: the API does not say.
    """

    report: Document
    runs: Document
    sweeps: list[Document] | None
    dead_letters: int | None = None

    @property
    def status(self) -> int:
        """The exit status: 0 pass, 1 warn, 2 fail."""
        return STATUSES[self.report["status"]]

    @property
    def document(self) -> Document:
        """All of it; the runs and their summary as `GET /health/runs` has them."""
        return {
            "health": self.report,
            **self.runs,
            "sweeps": self.sweeps,
            "dead_letters": self.dead_letters,
        }


def ask_health(target: Target, query: HealthQuery) -> HealthAnswer:
    """Raises `CommandError` if the API gives no usable answer."""
    api = HealthApi(target)
    report, runs = api.health(), api.runs(query.workspace_id, query.limit)
    sweeps = api.sweeps(query.limit)["sweeps"] if query.workspace_id is None else None
    return HealthAnswer(report, runs, sweeps, _dead_letters(target))


def _dead_letters(target: Target) -> int | None:
    if "DeadLetterQueueUrl" not in target.outputs:
        return None
    url = target.outputs["DeadLetterQueueUrl"]
    try:
        return WorkQueue(url, target.clock, target.client("sqs")).depth()
    except (BotoCoreError, ClientError):
        return None


@dataclass(frozen=True)
class HealthApi:
    """Every method raises `CommandError` if the API gives no usable answer."""

    target: Target

    def health(self) -> Document:
        """The overall `status`, pass, warn or fail, and the checks."""
        status, document = self._get("/health")
        if status not in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE) or document.get(
            "status"
        ) not in tuple(STATUSES):
            raise _unusable("/health", status, document)
        return document

    def runs(self, workspace_id: str | None, limit: int) -> Document:
        """{"runs", "summary"}; without runs if there is no such workspace."""
        chosen = {} if workspace_id is None else {"workspace_id": workspace_id}
        return self._list("/health/runs", {**chosen, "limit": str(limit)}, if_unknown=NO_RUNS)

    def sweeps(self, limit: int) -> Document:
        """{"sweeps", "summary"}."""
        return self._list("/health/sweeps", {"limit": str(limit)})

    def workspaces(self, state: str | None) -> Iterator[Document]:
        """All workspaces, or those in a state, page by page."""
        parameters = {"limit": "20"} if state is None else {"limit": "20", "state": state}
        while True:
            page = self._list("/health/workspaces", parameters)
            yield from page["workspaces"]
            if page["next"] is None:
                return
            parameters["cursor"] = page["next"]

    def _list(self, path: str, parameters: dict[str, str], if_unknown: Document | None = None) -> Document:
        status, document = self._get(f"{path}?{urlencode(parameters)}")
        if status == HTTPStatus.NOT_FOUND and "parameter" in document and if_unknown is not None:
            return if_unknown
        if status != HTTPStatus.OK:
            raise _unusable(path, status, document)
        return document

    def _get(self, path: str) -> tuple[int, Document]:
        url = self.target.outputs["ApiUrl"] + path
        request = AWSRequest("GET", url)
        if not self.target.is_local:
            self._sign(request)
        proxies = {} if self.target.is_local else get_environ_proxies(url)
        try:
            answer = URLLib3Session(timeout=TIMEOUT_S, proxies=proxies).send(request.prepare())
        except (HTTPClientError, NotConnected) as error:
            raise CommandError(f"the health API of {self.target.name} does not answer: {error}") from None
        return answer.status_code, _document(answer.content)

    def _sign(self, request: AWSRequest) -> None:
        credentials = self.target.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        SigV4Auth(credentials, "execute-api", self.target.region).add_auth(request)


def _unusable(path: str, status: int, document: Document) -> CommandError:
    if status == HTTPStatus.BAD_REQUEST and "message" in document:
        name = str(document.get("parameter", ""))
        option = "--workspace" if name == "workspace_id" else f"--{name}"
        return RequestRefused(str(document["message"]).replace(name, option, 1), USAGE)
    if status == HTTPStatus.FORBIDDEN:
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

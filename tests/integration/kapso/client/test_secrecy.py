"""Errors and logs never hold the key, whatever a server echoes."""

import base64
import logging
import traceback
from urllib.parse import quote

import pytest

from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import changed_since
from background_sync.kapso.errors import KapsoError
from background_sync.kapso.webhooks import list_webhooks
from tests.integration.kapso.client.server import KEY, Reply, Server
from tests.unit.kapso.records import MOMENT, PHONE_ID, conversation

FORMS = [
    KEY,
    quote(KEY),
    quote(KEY, safe=""),
    base64.b64encode(KEY.encode()).decode(),
    KEY.encode().hex(),
    "".join(f"\\u{ord(each):04x}" for each in KEY),
]
ECHO = " and ".join(FORMS)
HEADERS = {"Location": f"https://{KEY}@example.com/?{ECHO}", "X-Echo": ECHO, "Retry-After": KEY}


def echoes() -> list[Reply]:
    """Responses that echo the key, one for every way to fail."""
    statuses = (302, 400, 401, 404, 422, 429, 500, 999)
    documents = ({"error": ECHO}, {"error": {"message": ECHO, "type": KEY}}, {KEY: KEY}, {"data": KEY})
    records = ([conversation(phone_number_id=KEY)], [conversation(id=KEY + " ", phone_number=[KEY])])
    cursor = {"data": [conversation()], "paging": {"cursors": {"after": f"{KEY} {KEY}"}}}
    return [
        *(Reply(status, {"error": ECHO}, HEADERS) for status in statuses),
        *(Reply(422, document) for document in documents),
        *(Reply(200, document) for document in documents),
        *(Reply(200, {"data": each}) for each in records),
        Reply(200, cursor),
        Reply(200, body=ECHO.encode()),
        Reply(raw=f"HTTP/1.1 {ECHO}\r\n\r\n".encode()),
        Reply(raw=f"{ECHO}\r\n\r\n".encode()),
        Reply(raw=f"HTTP/1.1 200 OK\r\nContent-Length: 1, {KEY}\r\n\r\n".encode()),
        Reply(raw=f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n".encode()),
    ]


def full_text(error: BaseException | None) -> str:
    text = ""
    while error is not None:
        text += "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
        error = error.__cause__ or error.__context__
    return text


def invalid_conversations(client: KapsoClient, phone_id: str) -> list[object]:
    return [page.unreadable for page in changed_since(client, phone_id, MOMENT)]


@pytest.mark.parametrize("reply", echoes())
def test_no_error_and_no_log_holds_the_key(
    server: Server, client: KapsoClient, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies = [reply]
    text = ""
    for request in (invalid_conversations, list_webhooks):
        try:
            text += str(request(client, PHONE_ID))
        except KapsoError as error:
            text += full_text(error)
    text += caplog.text + repr(client)
    assert server.requests
    assert not [form for form in FORMS if form in text]

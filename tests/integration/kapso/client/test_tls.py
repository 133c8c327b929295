"""Requests go only to a server with a trusted certificate."""

from pathlib import Path

import pytest

from background_sync.kapso.errors import Unavailable
from tests.integration.kapso.client.server import Server, make_client


def test_a_server_with_a_trusted_certificate_is_asked(
    secure_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert make_client(secure_server.url).get("/", {}) == "ok"


@pytest.mark.parametrize(("trusted", "host"), [(False, "127.0.0.1"), (True, "localhost")])
def test_one_with_an_unknown_certificate_or_one_of_another_name_receives_nothing(
    secure_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, host: str
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unavailable, match="its certificate is not trusted here"):
        make_client(secure_server.url.replace("127.0.0.1", host)).get("/", {})
    assert secure_server.requests == []

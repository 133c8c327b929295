"""How webhooks are shown: without secrets."""

import pytest

from background_sync_ops.webhooks import masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://crm.example/hooks/kapso", "https://crm.example/hooks/kapso"),
        ("https://crm.example:8443/hooks", "https://crm.example:8443/hooks"),
        ("https://ann:pw@crm.example/hooks", "https://***@crm.example/hooks"),
        ("https://ann@crm.example", "https://***@crm.example"),
        ("https://a@b:pw@crm.example", "https://***@crm.example"),
        ("https://crm.example/?key=s3cret&tenant=7", "https://crm.example/?key=***&tenant=***"),
        ("https://crm.example/?s3cret", "https://crm.example/?***"),
        ("https://crm.example/?key=s3=cret", "https://crm.example/?key=***"),
        ("https://crm.example/#s3cret", "https://crm.example/#***"),
        ("ann:pw@crm.example/hooks", "***"),
        ("ftp://ann:pw@crm.example", "***"),
        ("https://[::1", "***"),
        ("s3cret", "***"),
        ("", "***"),
        (None, None),
    ],
)
def test_user_query_and_fragment_of_a_url_are_masked(url: str | None, shown: str | None) -> None:
    assert masked(url) == shown

"""Error messages quote Kapso's words, and never the key."""

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.kapso.errors import excerpt

KEY = "kp_live+Secret/word=7f3a99"


def quoted(message: object, key: str = KEY) -> str:
    return excerpt(json.dumps({"error": message}).encode(), key)


FILTERS = "Conflicting filters: assigned_user_id and 'unassigned' (see last_active_since)."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("Phone number not found", "Phone number not found"),
        ({"message": "Phone number not found", "code": 1}, "Phone number not found"),
        (FILTERS, FILTERS),
        ("Invalid id 4711-abc \x1b[31m of\n<b>you</b>", "Invalid id … … of …"),
        ("very " * 100, "very " * 32 + "…"),
    ],
    ids=["a text", "an object", "names of parameters", "anything but plain words", "a long message"],
)
def test_the_plain_words_of_an_error_are_quoted(error: object, text: str) -> None:
    assert quoted(error) == text


@pytest.mark.parametrize(
    "content",
    [
        *(None, b"", b"<html>Bad gateway</html>", b"[]", b"{}", b"[" * 200_000),
        *(b'{"error": 5}', b'{"error": null}', b'{"error": {"message": []}}', b'{"message": "other"}'),
    ],
)
def test_a_response_without_a_message_gives_no_excerpt(content: bytes | None) -> None:
    assert excerpt(content, KEY) == ""


ENCODINGS: list[Callable[[str], str]] = [
    str,
    str.upper,
    quote,
    lambda key: quote(key, safe=""),
    lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
    lambda key: base64.b64encode(key.encode()).decode(),
    lambda key: base64.urlsafe_b64encode(f"X-API-Key: {key}".encode()).decode(),
    lambda key: base64.b32encode(key.encode()).decode(),
    lambda key: key.encode().hex(),
    lambda key: key.encode().hex(" "),
    lambda key: " ".join(map(str, key.encode())),
    lambda key: "".join(f"\\u{ord(each):04x}" for each in key),
    lambda key: "".join(f"&#{ord(each)};" for each in key),
    html.escape,
    " ".join,
    lambda key: repr(key.encode()),
    lambda key: key[:12] + "…",
]


@pytest.mark.parametrize("encode", ENCODINGS)
def test_the_key_is_never_quoted_in_any_encoding(encode: Callable[[str], str]) -> None:
    echoed = encode(KEY)
    text = quoted(f"Invalid key {echoed} for {echoed}: denied")
    assert set(re.findall(r"[^ …]+", text)) <= {"Invalid", "key", "for", "denied"}


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789_-", min_size=8, max_size=64))
def test_no_key_is_quoted_in_any_encoding(key: str) -> None:
    for encode in ENCODINGS:
        assert key not in quoted(f"no {encode(key)} here", key)


def test_a_message_with_plain_words_of_the_key_is_not_quoted() -> None:
    assert quoted("the secret_word_of_mine is wrong", "secret-word-of-mine") == ""

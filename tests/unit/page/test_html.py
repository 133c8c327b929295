"""Text is escaped wherever it is placed in HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.status.page.html import Html, el, join
from background_sync.status.page.words import percent, span, time_tag

HOSTILE = "<script>alert(1)</script>"


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_any_text_is_shown_unchanged(text: str) -> None:
    read = Reader(el("p", text, title=text))
    assert (read.tags, read.attributes) == (["p"], [("title", text)])
    assert read.text == text


@pytest.mark.parametrize("text", [HOSTILE, "<!--", "&lt;", "\" onload='x'", "]]>", "</p>"])
def test_text_never_becomes_an_element(text: str) -> None:
    read = Reader(join("a", [text, el("b", text)], None))
    assert (read.tags, read.attributes, read.text) == (["b"], [], f"a{text}{text}")


def test_html_is_not_escaped_again_but_text_made_from_html_is() -> None:
    assert el("p", Html("<b>x</b>"), el("i", "y")) == "<p><b>x</b><i>y</i></p>"
    assert el("p", el("b", "x") + "") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"


def test_attributes_may_be_left_out_or_have_no_value() -> None:
    assert el("p", hidden=True, id=None, lang=False, tabindex=0, class_="a", aria_label="b") == (
        '<p hidden tabindex="0" class="a" aria-label="b"></p>'
    )


def test_an_element_without_content_has_no_end_tag() -> None:
    assert el("meta", charset="utf-8") + el("rect", x=1) == '<meta charset="utf-8"><rect x="1"/>'


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (3_900, "1 h 5 min"),
        (3_601, "1 h"),
        (86_400 * 3 + 7_200, "3 d 2 h"),
        (86_400 * 3 + 59, "3 d"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (1, "100 %"), (0.125, "12.5 %"), (0.0697, "7 %"), (0.00001, "< 0.1 %"), (0.001, "0.1 %")],
)
def test_a_share_is_in_percent_and_above_zero_never_0_percent(share: float, words: str) -> None:
    assert percent(share) == words


def test_a_time_is_also_machine_readable() -> None:
    assert time_tag(1_767_261_600_000) == '<time datetime="2026-01-01T10:00:00Z">1 Jan 10:00</time>'

"""Text is escaped wherever it is placed in HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.status.page.html import Html, el, join

HOSTILE = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """The tags, attributes and text that a browser sees."""

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

"""The frame of every page, and the headers that pages are sent with."""

import hashlib
from base64 import b64encode
from importlib.resources import files
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from background_sync.status.page.html import Child, Html, el, join
from background_sync.status.page.words import STATE_WORDS, time_tag, when
from background_sync.status.thresholds import State

REFRESH_S = 60
STYLE = Html((files("background_sync.status.page") / "style.css").read_text(encoding="utf-8"))
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Refresh": str(REFRESH_S),
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
COLOURS = {State.PASS: "#1a8a4b", State.WARN: "#c77700", State.FAIL: "#c9281f"}
MARKS = {
    State.PASS: "M14 25l7 7 14-15",
    State.WARN: "M24 13v14M24 33v3",
    State.FAIL: "M16 16l16 16M32 16 16 32",
}
SHAPES = {
    State.PASS: "M24 2a22 22 0 1 1 0 44 22 22 0 0 1 0-44z",
    State.WARN: "M24 3 46 43H2z",
    State.FAIL: "M15 2h18l13 13v18L33 46H15L2 33V15z",
}


def page_response(status: int, html: Html, cache_control: str) -> Response[str]:
    """A page. Its headers forbid scripts, frames, and anything loaded from elsewhere."""
    return Response(
        status_code=status,
        content_type="text/html; charset=utf-8",
        body=html,
        headers={"Cache-Control": cache_control, **HEADERS},
        compress=True,
    )


def document(title: str, state: State | None, now: int, *content: Child, nav: Child = None) -> Html:
    """A complete page. The state also shows in the browser's tab. The content must begin with the `h1`."""
    shown = title if state is None else f"{STATE_WORDS[state]}: {title}"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", shown),
        el("link", rel="icon", href=_favicon(state)),
        el("style", STYLE),
    )
    body = el(
        "body",
        el("a", "Skip to the content", class_="skip", href="#content"),
        _header(now, nav),
        el("main", *content, id="content"),
        _footer(),
    )
    return join(Html("<!doctype html>"), el("html", head, body, lang="en"))


def _header(now: int, nav: Child) -> Html:
    made = el("p", "Made at ", time_tag(now, f"{when(now):%d %b %Y, %H:%M:%S} UTC"), class_="as-of")
    # The style shows this when the page has not been replaced for three minutes.
    old = el("p", "This page is old: it should have refreshed itself. Load it again.", class_="old")
    return join(el("header", el("p", "Background Sync", class_="brand"), nav, made), old)


def _footer() -> Html:
    links = join(el("a", "/health", href="/health"), " · ", el("a", "/openapi.json", href="/openapi.json"))
    return el("footer", el("p", "All times are UTC. For programs: ", links, "."))


def icon(state: State) -> Html:
    """A state by its shape, because colour alone would not be accessible."""
    shape = el("path", d=SHAPES[state], fill="currentColor")
    mark = el(
        "path", d=MARKS[state], fill="none", stroke="var(--card)", stroke_width=4.5, stroke_linecap="round"
    )
    return el("svg", shape, mark, viewBox="0 0 48 48", aria_hidden="true")


def _favicon(state: State | None) -> str:
    colour = "#6b7785" if state is None else COLOURS[state]
    path = SHAPES[state or State.PASS]
    drawn = f"viewBox='0 0 48 48'><path d='{path}' fill='{colour}'/></svg>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' {drawn}"
    return f"data:image/svg+xml,{quote(svg)}"


def failure(now: int) -> Html:
    """The page that is shown when no other can be made."""
    return message("The page could not be made", "The health function's log says why.", now)


def message(title: str, text: Child, now: int, nav: Child = None) -> Html:
    """A page that says one thing."""
    return document(title, None, now, el("section", el("h1", title), el("p", text)), nav=nav)

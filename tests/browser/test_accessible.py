"""The pages are accessible: axe finds no violation, light or dark, on a phone or a wide screen."""

from contextlib import ExitStack
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from background_sync.rules.policy import HOUR_MS
from tests.browser.site import ARTEFACTS, HARBOR, Site, new_context

Scheme = Literal["light", "dark"]
PHONE, WIDE = 360, 1280
PAGES: dict[str, dict[str, Any]] = {
    "status": {},
    "failing": {},
    "public": {},
    "workspace": {"workspace_id": HARBOR},
    "not-found": {"workspace_id": "nobody"},
}


def violations(page: Page) -> list[Any]:
    return [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]


def shown(site: Site, name: str) -> ExitStack:
    state = ExitStack()
    if name == "failing":
        state.enter_context(site.with_dead_letter())
        state.enter_context(site.later(4 * HOUR_MS))
    if name == "public":
        state.enter_context(site.in_public())
    return state


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(browser: Browser, site: Site, name: str) -> None:
    with shown(site, name), new_context(browser, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(site.address(**PAGES[name]))
        for scheme in ("light", "dark"):
            for width in (320, PHONE, 768, WIDE, 1920):
                look(page, name, scheme, width)


def look(page: Page, name: str, scheme: Scheme, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    if width in (PHONE, WIDE):
        page.screenshot(path=ARTEFACTS / f"{name}-{scheme}-{width}.png", full_page=True)
        assert violations(page) == [], (scheme, width)


def test_axe_finds_violations_where_there_are_some(page: Page) -> None:
    page.set_content("<html><body><img src='x'><p style='color:#999;background:#aaa'>pale</p></body></html>")
    assert {"image-alt", "color-contrast"} <= {each[0] for each in violations(page)}


def test_the_keyboard_reaches_the_content_and_the_table(page: Page, site: Site) -> None:
    page.goto(site.address())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    summary = page.locator("summary")
    for _ in range(10):
        page.keyboard.press("Tab")
        if summary.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Table of sweeps")).to_be_visible()


def test_screen_readers_find_landmarks_a_heading_and_the_chart(page: Page, site: Site) -> None:
    page.goto(site.address())
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("img", name="The outcome of each of the last sweeps")).to_be_visible()

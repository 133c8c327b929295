"""The status page: the state at a glance, what was found, and what to do."""

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from background_sync.rules.policy import HOUR_MS
from background_sync.status.runbook import GUIDES
from tests.browser.site import Site, new_context

MAX_PICTURE_BYTES = 150_000


def test_the_title_and_the_heading_say_that_all_is_well(page: Page, site: Site) -> None:
    page.goto(site.address())
    expect(page).to_have_title("OK: Background Sync")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is in order")
    expect(page.get_by_text(f"All {len(GUIDES)} checks pass")).to_be_visible()
    expect(page.get_by_role("heading", name="What to do")).to_have_count(0)


def test_the_last_48_sweeps_are_in_the_chart_and_in_the_table(page: Page, site: Site) -> None:
    page.goto(site.address())
    expect(page.locator("figure .hit")).to_have_count(48)
    newest = page.locator("figure g title").last
    expect(newest).to_have_text(re.compile(r"^1 Jan 10:00: passed; .*; 13\.2 % flagged; 15\.8 % quiet$"))
    page.get_by_text("The same as a table").click()
    rows = page.get_by_role("region", name="Table of sweeps").get_by_role("row")
    expect(rows).to_have_count(49)
    expect(rows.nth(1)).to_have_text(re.compile(r"1 Jan 10:00\s*passed.*13\.2 %\s*15\.8 %"))


def test_problems_come_with_what_to_do_the_worst_first(page: Page, site: Site) -> None:
    with site.with_dead_letter(), site.later(4 * HOUR_MS):
        page.goto(site.address())
        expect(page).to_have_title("Failing: Background Sync")
        todo = page.get_by_role("region", name="What to do")
        expect(todo.get_by_role("heading", level=3).first).to_have_text("Last finished sweep Failing")
        expect(todo).to_contain_text("background-sync sweep")
        expect(todo).to_contain_text("docs/operations.md#no-sweep-finishes")
        expect(todo).to_contain_text("background-sync redrive")


def test_the_page_needs_no_script_and_loads_nothing_else(browser: Browser, site: Site) -> None:
    requested: list[str] = []
    with new_context(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.goto(site.address())
        page.get_by_text("The same as a table").click()
        expect(page.get_by_role("region", name="Table of sweeps")).to_be_visible()
    assert [url for url in requested if not url.startswith("data:")] == [site.address()]


def test_the_content_security_policy_allows_the_page_and_no_script(browser: Browser, site: Site) -> None:
    messages: list[str] = []
    with new_context(browser) as context:
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.goto(site.address())
        assert messages == []
        with pytest.raises(Error, match="Content Security Policy"):
            page.add_script_tag(content="document.title = 'taken over'")
        expect(page).to_have_title("OK: Background Sync")


def test_a_page_that_was_not_replaced_says_so_after_three_minutes(page: Page, site: Site) -> None:
    page.goto(site.address())
    old = page.get_by_text("This page is old")
    expect(old).to_be_hidden()
    page.evaluate("document.getAnimations().forEach(each => { each.currentTime = 170000 })")
    expect(old).to_be_hidden()
    page.evaluate("document.getAnimations().forEach(each => { each.currentTime = 182000 })")
    expect(old).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_healthy_page_is_small_enough_for_the_readme(
    browser: Browser, site: Site, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """With SCREENSHOTS=docs, the README's pictures are made anew."""
    picture = Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"status-{scheme}.png"
    with site.in_public(), new_context(browser) as context:
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": 1200, "height": 690})
        page.goto(site.address())
        page.screenshot(path=picture)
    assert picture.stat().st_size < MAX_PICTURE_BYTES

"""The pages of the local stack: the workspaces, and the runs and flagged contacts of each."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import HARBOR, HOSTILE, STRANGE, Site


@pytest.fixture(autouse=True)
def no_script_runs(page: Page) -> None:
    def fail(_: object) -> None:
        pytest.fail("a script ran")

    page.on("dialog", fail)


def test_the_page_lists_the_workspaces(page: Page, site: Site) -> None:
    page.goto(site.address())
    rows = page.get_by_role("region", name="Table of workspaces").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="Alpine Outdoor Gear")).to_contain_text("OK")


def test_a_workspace_page_has_its_runs_and_its_flagged_contacts(page: Page, site: Site) -> None:
    page.goto(site.address())
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_role("region", name="Table of runs").get_by_role("row")).to_have_count(2)
    contacts = page.get_by_role("region", name="Table of flagged contacts").get_by_role("row")
    expect(contacts).to_have_count(7)
    expect(contacts.nth(1)).to_contain_text("Sync check: No activity for")
    page.get_by_role("link", name="Status").click()
    expect(page).to_have_title("OK: Background Sync")


def test_a_name_or_note_with_a_script_is_shown_as_text(page: Page, site: Site) -> None:
    page.goto(site.address(workspace_id=HARBOR))
    row = page.get_by_role("row").filter(has_text="Mallory")
    expect(row).to_contain_text(f"Mallory {HOSTILE}")
    expect(row).to_contain_text(f"said {HOSTILE}")
    expect(page.locator("script")).to_have_count(0)


def test_a_workspace_id_may_have_any_characters(page: Page, site: Site) -> None:
    page.goto(site.address())
    page.get_by_role("link", name="Alpine Outdoor Gear").click()
    expect(page.locator("h1 + p")).to_have_text(STRANGE)


def test_on_a_phone_the_tables_are_cards_and_nothing_is_cut(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (site.address(), site.address(workspace_id=HARBOR)):
        page.goto(address)
        for region in page.locator(".whole").all():
            assert region.evaluate("each => each.scrollWidth <= each.clientWidth")
    expect(page.get_by_role("columnheader", name="Details")).not_to_be_in_viewport()

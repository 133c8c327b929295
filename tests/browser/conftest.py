"""A real browser on the pages of a local stack.

Without Chromium the tests are skipped, so that `make test` works on any machine. With BROWSER_TESTS=required
or CI=true they fail instead.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from background_sync_ops.pages.local import LocalPages
from background_sync_ops.stack.stack import LocalStack
from tests.browser.site import AT, PATIENCE_S, Site, new_context, populate
from tests.integration.cli.running import kept_binding

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "no Chromium on this machine: install it with `apt-get install chromium`"


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    if os.environ.get("BROWSER_TESTS") == "required" or os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(f"THE PAGES ARE NOT TESTED: {MISSING}")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIETLY)
        expect.set_options(timeout=PATIENCE_S * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack with 47 sweeps that went well and one that finished a minute ago."""
    del chromium  # without a browser no stack is needed
    offset_ms = AT + 60_000 - time.time_ns() // 1_000_000
    state_dir = tmp_path_factory.mktemp("browser")
    with LocalStack(ROOT / "template.yaml", state_dir=state_dir, clock_offset_ms=offset_ms) as stack:
        health = stack.functions["HealthFunction"]
        health.spec = replace(health.spec, timeout_s=PATIENCE_S)
        populate(stack)
        yield stack


@pytest.fixture
def site(stack: LocalStack) -> Iterator[Site]:
    # The pages bind this process's records to their stack; other tests have bound them to another one.
    with kept_binding():
        yield Site(stack, LocalPages(stack))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # axe is a script, which the pages' own policy would stop.
    with new_context(browser, bypass_csp=True) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()

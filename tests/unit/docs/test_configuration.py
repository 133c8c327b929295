"""docs/configuration.md says what the code and the template say."""

from dataclasses import fields

from background_sync.rules.policy import BOUNDS, Policy
from background_sync_ops.reference import MEANINGS, PAGE, page


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_setting_is_told() -> None:
    names = {field.name for field in fields(Policy)}
    assert names == BOUNDS.keys() == MEANINGS.keys()


def test_the_page_is_not_empty() -> None:
    assert all(f"`{name}`" in page() for name in ("KapsoBaseUrl", "stale_threshold_ms", "RUN_LEASE_SECONDS"))

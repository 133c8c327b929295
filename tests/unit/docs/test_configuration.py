"""docs/configuration.md is what `make docs` writes from the code and the template."""

from dataclasses import fields

from background_sync.rules.policy import BOUNDS, Policy
from background_sync_ops.reference import MEANINGS, PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_setting_has_bounds_and_a_meaning() -> None:
    names = {field.name for field in fields(Policy)}
    assert names == BOUNDS.keys() == MEANINGS.keys()


def test_the_page_has_parameters_settings_and_variables() -> None:
    text = page()
    assert all(f"`{name}`" in text for name in ("KapsoBaseUrl", "stale_threshold_ms", "RUN_LEASE_SECONDS"))

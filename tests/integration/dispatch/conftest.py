import pytest

from background_sync.records import workspaces


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten workspaces to a page of a segment's scan."""
    monkeypatch.setattr(workspaces, "SCAN_PAGE", 10)

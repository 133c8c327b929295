"""The built functions and layer, run by AWS's own runtime client."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from background_sync_ops.stack.stack import LocalStack

ROOT = Path(__file__).parents[2]
RUN_AT = 1_767_261_600_000
"""2026-01-01T10:00:00Z: the sweep that the events are of, and the time at which the functions are."""
BUILT = Path(os.environ.get("BACKGROUND_SYNC_BUILD", ROOT / ".aws-sam" / "build"))


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder that `sam build` wrote."""
    if not (BUILT / "template.yaml").is_file():
        pytest.fail(f"nothing is built in {BUILT}: run `make build` first")
    return BUILT


@pytest.fixture(scope="module")
def stack(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    offset_ms = RUN_AT - time.time_ns() // 1_000_000
    state_dir = tmp_path_factory.mktemp("built")
    with LocalStack(built / "template.yaml", state_dir=state_dir, clock_offset_ms=offset_ms) as stack:
        yield stack

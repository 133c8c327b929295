from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from background_sync_ops.kapso import KapsoServer, KapsoStore
from background_sync_ops.stack.clients import LocalClients
from tests.integration.cli.kapso_numbers import KapsoNumbers
from tests.integration.cli.running import AT, AT_MS, Operator, Up, contact, workspace, write_snapshot

HOUR_MS = 3_600_000
TIMEOUT_S = 600
"""On a busy machine a stack takes minutes to start."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two active workspaces and one without a token; 3 of 5 contacts in acme are stale, 4 of 4 in capped."""
    return write_snapshot(
        tmp_path_factory.mktemp("data") / "snapshot",
        [
            workspace("acme", name="[red]Acme[/red]"),
            workspace("capped", settings={"max_flags_per_run": 1}),
            workspace("off", meta_access_token=None),
        ],
        [
            contact("acme", 1, 30 * HOUR_MS, name="[red]A[/red]"),
            contact("acme", 2, 2 * HOUR_MS, name="\x1b[2J"),
            contact("acme", 3, 0),
            contact("acme", 4, 9 * HOUR_MS, leadStatus="converted"),
            contact("acme", 5, 9 * HOUR_MS),
            *(contact("capped", number, 9 * HOUR_MS) for number in range(4)),
            "{no json",
        ],
    )


@pytest.fixture(scope="session")
def kapso() -> Iterator[KapsoServer]:
    with KapsoServer(KapsoStore(), lambda: AT_MS) as server:
        yield server


@pytest.fixture(scope="session")
def operator(
    tmp_path_factory: pytest.TempPathFactory, snapshot: Path, kapso: KapsoServer
) -> Iterator[Operator]:
    """In the folder of a running stack that imported `snapshot` and was swept at `AT`."""
    folder = tmp_path_factory.mktemp("operator")
    with closing(Up(folder, "--import", str(snapshot), "--at", AT, "--kapso-url", kapso.url)) as up:
        info = up.until_printed("Next sweep at").info
        with closing(LocalClients(info.endpoint_url, info.lambda_endpoint_url)) as aws:
            yield Operator(folder, info, aws)


@pytest.fixture
def numbers(operator: Operator, kapso: KapsoServer) -> Iterator[KapsoNumbers]:
    kapso.faults.clear()
    kapso.requests.clear()
    numbers = KapsoNumbers(operator, kapso)
    yield numbers
    numbers.remove()
    kapso.faults.clear()

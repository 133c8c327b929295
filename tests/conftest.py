import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from botocore import useragent
from hypothesis import settings

from tests.dynamodb import validator

# As template.yaml sets them for the functions; read when the package is imported.
os.environ["POWERTOOLS_SERVICE_NAME"] = "tests"
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "BackgroundSyncTests"
os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"

# On a busy machine an example may take any time. The same code gets the same examples, so that a failure
# belongs to the change; `make explore` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("repeatable")

if os.environ.get("TEST_ENGINE") == "ministack":
    from tests.ministack import use_ministack

    use_ministack(pytest.MonkeyPatch())

# botocore cleans the same words for each request, which takes a twentieth of its time.
useragent.sanitize_user_agent_string_component = cache(useragent.sanitize_user_agent_string_component)


@pytest.fixture(scope="session", autouse=True)
def dynamodb_requests_are_valid() -> Iterator[None]:
    """Also those that the local engine accepts."""
    with validator.watching():
        yield


Tally = Callable[[str, int], None]
"""Reports how many faults of a kind a test tried, for docs/reliability.md."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exhaustive", action="store_true", help="only tests of faults, one at each request")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    if config.getoption("exhaustive"):
        items[:] = [each for each in items if "tally" in each.fixturenames]


@pytest.fixture
def exhaustive(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("exhaustive"))


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    return lambda fault, count: record_property(f"tally {fault}", count)

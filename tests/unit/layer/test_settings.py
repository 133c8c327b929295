"""A variable that is missing or wrong ends the cold start with its name."""

from collections.abc import Mapping
from typing import Any

import pytest

from background_sync.settings import HealthSettings, ReconcilerSettings, SettingsError, read_settings
from tests.unit.layer.variables import LAMBDA, LOCAL, POWERTOOLS, READERS, REQUIRED, variables_of

OPTIONAL = {"NOTICE_BUS_NAME"}
READ = {
    function: set(variables)
    - POWERTOOLS
    - OPTIONAL
    - (set() if function == "DispatcherFunction" else set(LAMBDA))
    for function, variables in REQUIRED.items()
}
WRONG = {
    "SWEEP_SHARDS": ["0", "101", "-1", "1.5", "many"],
    "DISPATCH_SEGMENTS": ["0", "101"],
    "SWEEP_INTERVAL_MINUTES": ["0", "1441"],
    "RUN_LEASE_SECONDS": ["30", "931"],
    "AUDIT_ENABLED": ["yes", "1"],
    "PUBLIC_TOTALS": ["no", "0"],
}


def test_the_templates_defaults_are_read() -> None:
    dispatcher, reconciler, health, monitor = (READERS[name](REQUIRED[name]) for name in READERS)
    assert (dispatcher.sweep_shards, dispatcher.dispatch_segments, dispatcher.audit_enabled) == (16, 8, True)
    assert (dispatcher.function_name, dispatcher.interval_ms) == ("name", 3_600_000)
    assert reconciler.lease_ms == 150_000
    assert (reconciler.notices.bus, monitor.notices.bus) == (None, None)
    assert (health.interval_ms, health.public_totals) == (3_600_000, False)
    assert (monitor.interval_ms, monitor.clock_offset_ms) == (3_600_000, 0)


@pytest.mark.parametrize(
    ("function", "name"), [(function, name) for function, names in READ.items() for name in sorted(names)]
)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_one_that_is_missing_or_blank_is_named(function: str, name: str, blank: str | None) -> None:
    variables = dict(REQUIRED[function])
    del variables[name]
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        READERS[function](variables if blank is None else {**variables, name: blank})


@pytest.mark.parametrize(
    ("function", "name", "wrong"),
    [
        (function, name, wrong)
        for function, names in READ.items()
        for name in sorted(names & set(WRONG))
        for wrong in WRONG[name]
    ],
)
def test_one_that_is_wrong_is_named(function: str, name: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be .*'{wrong}'"):
        READERS[function]({**REQUIRED[function], name: wrong})


@pytest.mark.parametrize("text", ["true", "True", " TRUE "])
def test_however_true_is_written_it_is_true(text: str) -> None:
    assert read_settings(HealthSettings, {**REQUIRED["HealthFunction"], "PUBLIC_TOTALS": text}).public_totals


@pytest.mark.parametrize("function", READERS)
def test_the_clock_and_the_meter_are_aws_own_unless_told(function: str) -> None:
    read, variables = READERS[function], REQUIRED[function]
    aws = read(variables)
    local = read({**variables, "CLOCK_OFFSET_MS": "-5000", "CAPACITY_METERED": "false"})
    assert (aws.clock_offset_ms, local.clock_offset_ms) == (0, -5000)
    if function != "MonitorFunction":
        assert (aws.capacity_metered, local.capacity_metered) == (True, False)


@pytest.mark.parametrize(("name", "wrong"), [("CLOCK_OFFSET_MS", "1h"), ("CAPACITY_METERED", "maybe")])
def test_but_not_when_they_are_wrong(name: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        read_settings(ReconcilerSettings, {**REQUIRED["ReconcilerFunction"], name: wrong})


@pytest.mark.parametrize("url", ["http://api.kapso.ai", "http://127.0.0.1.example.com", "api.kapso.ai"])
def test_a_base_url_that_the_keys_must_not_go_to_ends_the_cold_start(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^KAPSO_BASE_URL: a base URL must ") as caught:
        read_settings(ReconcilerSettings, {**REQUIRED["ReconcilerFunction"], "KAPSO_BASE_URL": url})
    assert repr(url) in str(caught.value)


class RecordingVariables(dict[str, str]):
    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.names_read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names_read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("function", READERS)
def test_a_function_reads_exactly_the_variables_of_the_template(function: str) -> None:
    variables = RecordingVariables(REQUIRED[function])
    READERS[function](variables)
    given = set(variables_of(function))
    assert variables.names_read - set(LAMBDA) - LOCAL == given - POWERTOOLS
    assert given >= POWERTOOLS
    assert not LOCAL & given

"""The settings of each function: read from its environment once, at cold start.

The names are the environment variables of `template.yaml`; a missing or unusable one ends the cold start with
an error that names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from background_sync.rules.base_url import validate_base_url
from background_sync.rules.policy import MINUTE_MS

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(ValueError):
    """An environment variable is missing or unusable; the message names it."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the three tables."""

    workspaces: str
    contacts: str
    sync_health: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every function needs; `clock_offset_ms` and `capacity_metered` differ on the local stack only."""

    tables: Tables
    work_queue_url: str
    clock_offset_ms: int
    capacity_metered: bool


@dataclass(frozen=True, slots=True)
class DispatcherSettings:
    """The dispatcher's; `interval_ms` is the time between two sweeps."""

    runtime: Runtime
    function_name: str
    sweep_shards: int
    dispatch_segments: int
    audit_enabled: bool
    interval_ms: int


@dataclass(frozen=True, slots=True)
class ReconcilerSettings:
    """The reconciler's; `lease_ms` is the function's timeout and 30 s."""

    runtime: Runtime
    dead_letter_queue_url: str
    lease_ms: int
    kapso_base_url: str
    token_prefix: str


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """The health function's; `local_pages` is on on the local stack only."""

    runtime: Runtime
    dead_letter_queue_url: str
    interval_ms: int
    public_totals: bool
    runbook_url: str
    local_pages: bool


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """The monitor's: it needs no queue."""

    tables: Tables
    clock_offset_ms: int
    interval_ms: int


class Environment:
    """Typed look-ups in a mapping of environment variables."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._variables.get(name, "").strip()
        if not value:
            raise SettingsError(f"{name} is not set")
        return value

    def whole_number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between `low` and `high`."""
        if default is not None and not self._variables.get(name):
            return default
        text = self.text(name)
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """`true` or `false`."""
        if default is not None and not self._variables.get(name):
            return default
        text = self.text(name).lower()
        if text not in ("true", "false"):
            raise SettingsError(f"{name} must be true or false, not {text!r}")
        return text == "true"


def _runtime(environment: Environment) -> Runtime:
    return Runtime(
        tables=_tables(environment),
        work_queue_url=environment.text("WORK_QUEUE_URL"),
        clock_offset_ms=_clock_offset_ms(environment),
        capacity_metered=environment.flag("CAPACITY_METERED", default=True),
    )


def _tables(environment: Environment) -> Tables:
    return Tables(
        workspaces=environment.text("WORKSPACES_TABLE"),
        contacts=environment.text("CONTACTS_TABLE"),
        sync_health=environment.text("SYNC_HEALTH_TABLE"),
    )


def _clock_offset_ms(environment: Environment) -> int:
    return environment.whole_number("CLOCK_OFFSET_MS", -(2**53), 2**53, default=0)


def _interval_ms(environment: Environment) -> int:
    return environment.whole_number("SWEEP_INTERVAL_MINUTES", 1, 24 * 60) * MINUTE_MS


def dispatcher_settings(variables: Mapping[str, str]) -> DispatcherSettings:
    """The dispatcher's settings; raises `SettingsError`."""
    environment = Environment(variables)
    return DispatcherSettings(
        runtime=_runtime(environment),
        function_name=environment.text("AWS_LAMBDA_FUNCTION_NAME"),
        sweep_shards=environment.whole_number("SWEEP_SHARDS", 1, 100),
        dispatch_segments=environment.whole_number("DISPATCH_SEGMENTS", 1, 100),
        audit_enabled=environment.flag("AUDIT_ENABLED"),
        interval_ms=_interval_ms(environment),
    )


def reconciler_settings(variables: Mapping[str, str]) -> ReconcilerSettings:
    """The reconciler's settings; raises `SettingsError`."""
    environment = Environment(variables)
    return ReconcilerSettings(
        runtime=_runtime(environment),
        dead_letter_queue_url=environment.text("DEAD_LETTER_QUEUE_URL"),
        lease_ms=environment.whole_number("RUN_LEASE_SECONDS", 31, 930) * 1000,
        kapso_base_url=_kapso_base_url(environment),
        token_prefix=environment.text("TOKEN_PARAMETER_PREFIX"),
    )


def _kapso_base_url(environment: Environment) -> str:
    url = environment.text("KAPSO_BASE_URL")
    try:
        return validate_base_url(url)
    except ValueError as error:
        raise SettingsError(f"KAPSO_BASE_URL: {error}") from None


def health_settings(variables: Mapping[str, str]) -> HealthSettings:
    """The health function's settings; raises `SettingsError`."""
    environment = Environment(variables)
    return HealthSettings(
        runtime=_runtime(environment),
        dead_letter_queue_url=environment.text("DEAD_LETTER_QUEUE_URL"),
        interval_ms=_interval_ms(environment),
        public_totals=environment.flag("PUBLIC_TOTALS"),
        runbook_url=environment.text("RUNBOOK_URL"),
        local_pages=_local_pages(environment),
    )


def monitor_settings(variables: Mapping[str, str]) -> MonitorSettings:
    """The monitor's settings; raises `SettingsError`."""
    environment = Environment(variables)
    return MonitorSettings(
        tables=_tables(environment),
        clock_offset_ms=_clock_offset_ms(environment),
        interval_ms=_interval_ms(environment),
    )


def _local_pages(environment: Environment) -> bool:
    """Pages that name tenants and people: refused wherever the tables are not on this machine."""
    asked = environment.flag("LOCAL_PAGES", default=False)
    if asked and urlsplit(environment.text("AWS_ENDPOINT_URL")).hostname not in LOOPBACK:
        raise SettingsError("LOCAL_PAGES must be false, except on the local stack")
    return asked

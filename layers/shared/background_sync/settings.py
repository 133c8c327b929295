"""The settings of each function, read from its environment once, at cold start.

Each field names its environment variable, as `template.yaml` sets it. A missing or invalid variable ends the
cold start with an error that names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, TypeVar

from background_sync.rules.base_url import validate_base_url
from background_sync.rules.policy import MINUTE_MS

Variables = Mapping[str, str]
S = TypeVar("S")


class SettingsError(ValueError):
    """An environment variable is missing or invalid; the message names it."""


def _read_text(variables: Variables, name: str) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _field(name: str, convert: Callable[[str], object], default: str | None = None) -> Any:  # noqa: ANN401 - a field
    """A field that is read from the variable `name`, or from `default` if the variable is not set."""

    def read(variables: Variables) -> object:
        given = variables if default is None or variables.get(name) else {name: default}
        return convert(_read_text(given, name))

    return field(metadata={"read": read})


def _text(name: str) -> Any:  # noqa: ANN401 - a field
    return _field(name, str)


def _optional_text(name: str) -> Any:  # noqa: ANN401 - a field
    return field(metadata={"read": lambda variables: variables.get(name, "").strip() or None})


def _number(name: str, low: int, high: int, *, unit: int = 1, default: str | None = None) -> Any:  # noqa: ANN401
    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
        return value * unit

    return _field(name, convert, default)


def _flag(name: str, default: str | None = None) -> Any:  # noqa: ANN401 - a field
    def convert(text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise SettingsError(f"{name} must be true or false, not {text.lower()!r}")
        return text.lower() == "true"

    return _field(name, convert, default)


def _base_url(name: str) -> Any:  # noqa: ANN401 - a field
    def convert(text: str) -> str:
        try:
            return validate_base_url(text)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from None

    return _field(name, convert)


def _interval() -> Any:  # noqa: ANN401 - a field
    return _number("SWEEP_INTERVAL_MINUTES", 1, 24 * 60, unit=MINUTE_MS)


def read_settings(kind: type[S], variables: Variables) -> S:
    """Settings of a kind from environment variables; raises `SettingsError`."""
    read = {each.name: each.metadata["read"](variables) for each in fields(kind)}  # type: ignore[arg-type]
    return kind(**read)


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the three tables."""

    workspaces: str = _text("WORKSPACES_TABLE")
    contacts: str = _text("CONTACTS_TABLE")
    sync_health: str = _text("SYNC_HEALTH_TABLE")


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Notices of the stack go to the event bus with the name `bus`; without one, none are sent."""

    bus: str | None = _optional_text("NOTICE_BUS_NAME")
    stack: str = _text("STACK_NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What every function needs. `clock_offset_ms` is not 0 only on the local stack."""

    tables: Tables = field(metadata={"read": partial(read_settings, Tables)})
    clock_offset_ms: int = _number("CLOCK_OFFSET_MS", -(2**53), 2**53, default="0")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings(Base):
    """`interval_ms` is the time between two sweeps."""

    notices: NoticeSettings = field(metadata={"read": partial(read_settings, NoticeSettings)})
    interval_ms: int = _interval()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings(Base):
    """The secrets of webhooks are below `secret_prefix`."""

    intake_queue_url: str = _text("INTAKE_QUEUE_URL")
    secret_prefix: str = _text("SECRET_PARAMETER_PREFIX")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings(Base):
    """Messages that cannot be read are moved to the dead-letter queue."""

    intake_queue_url: str = _text("INTAKE_QUEUE_URL")
    dead_letter_queue_url: str = _text("DEAD_LETTER_QUEUE_URL")
    erasure_key_parameter: str = _text("ERASURE_KEY_PARAMETER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Base):
    """What the functions of sweeps need. `capacity_metered` is false only on the local stack."""

    work_queue_url: str = _text("WORK_QUEUE_URL")
    capacity_metered: bool = _flag("CAPACITY_METERED", default="true")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherSettings(Runtime):
    """`interval_ms` is the time between two sweeps."""

    function_name: str = _text("AWS_LAMBDA_FUNCTION_NAME")
    sweep_shards: int = _number("SWEEP_SHARDS", 1, 100)
    dispatch_segments: int = _number("DISPATCH_SEGMENTS", 1, 100)
    audit_enabled: bool = _flag("AUDIT_ENABLED")
    interval_ms: int = _interval()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerSettings(Runtime):
    """`lease_ms` is the function's timeout and 30 s. `interval_ms` is the time between two sweeps."""

    dead_letter_queue_url: str = _text("DEAD_LETTER_QUEUE_URL")
    lease_ms: int = _number("RUN_LEASE_SECONDS", 31, 930, unit=1000)
    kapso_base_url: str = _base_url("KAPSO_BASE_URL")
    token_prefix: str = _text("TOKEN_PARAMETER_PREFIX")
    erasure_key_parameter: str = _text("ERASURE_KEY_PARAMETER")
    notices: NoticeSettings = field(metadata={"read": partial(read_settings, NoticeSettings)})
    interval_ms: int = _interval()


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings(Runtime):
    """`interval_ms` is the time between two sweeps."""

    dead_letter_queue_url: str = _text("DEAD_LETTER_QUEUE_URL")
    interval_ms: int = _interval()
    public_totals: bool = _flag("PUBLIC_TOTALS")
    runbook_url: str = _text("RUNBOOK_URL")

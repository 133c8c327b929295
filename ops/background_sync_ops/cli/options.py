"""The options that several commands share."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from background_sync_ops.cli import times

WHERE = "Where it acts"
PERCENT = 100
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%?", re.ASCII)


class Level(StrEnum):
    """The levels of log lines, the least severe first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def duration(text: str | timedelta) -> timedelta:
    """A duration as it is typed; a default comes as it is."""
    try:
        return text if isinstance(text, timedelta) else times.parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def time(text: str) -> int:
    """A time as it is typed, in ms."""
    try:
        return times.parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def since(text: str | times.Since) -> times.Since:
    """A duration or a time as it is typed; a default comes as it is."""
    try:
        return text if isinstance(text, times.Since) else times.parse_since(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def share(text: str | float) -> float:
    """A share as it is typed, `5%` or `5`, from 0 to 1; a default comes as it is."""
    if isinstance(text, float):
        return text
    number = _PERCENT.fullmatch(text.strip())
    if number is None or float(number[1]) > PERCENT:
        raise typer.BadParameter(f"{text!r} is no share such as 5% or 0.5%")
    return float(number[1]) / PERCENT


StackName = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=WHERE,
        help="A stack on AWS, by its CloudFormation name. Without it, the local stack that runs here.",
    ),
]
Profile = Annotated[str | None, typer.Option(rich_help_panel=WHERE, help="The AWS profile to act with.")]
Region = Annotated[str | None, typer.Option(rich_help_panel=WHERE, help="The AWS region of the stack.")]
StateDir = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=WHERE,
        show_default=".background-sync",
        help="The folder in which the local stack says that it runs.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")
]
Timeout = Annotated[
    timedelta,
    typer.Option(
        parser=duration,
        metavar="DURATION",
        show_default="15m",
        help="How long to follow it: 90s, 10m, 1h.",
    ),
]
At = Annotated[
    int | None,
    typer.Option(
        parser=time,
        metavar="ISO8601",
        show_default="now",
        help="The sweep's time, and so `now` in every rule: 2026-01-01T10:00:00Z, or with an offset.",
    ),
]
FIFTEEN_MINUTES = timedelta(minutes=15)
A_DAY = times.Since(timedelta(hours=24))

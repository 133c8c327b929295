"""The options that several commands share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from background_sync_ops.cli.output import waiting
from background_sync_ops.cli.times import parse_duration, parse_run_time, parse_since, parse_time
from background_sync_ops.errors import USAGE, CommandError
from background_sync_ops.stack.state import STATE_DIR

if TYPE_CHECKING:
    from background_sync_ops.target import Target

T = TypeVar("T")
STACK_PANEL = "Which stack"
PERCENT = 100
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%?", re.ASCII)


def parser(parse: Callable[[str], T]) -> Callable[[str | T], T]:
    """A parser for Typer, which also passes it the default."""

    def parsed(text: str | T) -> T:
        try:
            return parse(text) if isinstance(text, str) else text
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parsed


def parse_share(text: str) -> float:
    """`5%` or `5` as 0.05; raises ValueError."""
    number = _PERCENT.fullmatch(text.strip())
    if number is None or float(number[1]) > PERCENT:
        raise ValueError(f"{text!r} is not a percentage like 5% or 0.5%")
    return float(number[1]) / PERCENT


duration = parser(parse_duration)
time = parser(parse_time)
run_time = parser(parse_run_time)
since = parser(parse_since)
share = parser(parse_share)

WorkspaceId = Annotated[str, typer.Argument(metavar="workspace", help="The workspace's id.")]
OptionalWorkspaceId = Annotated[
    str | None,
    typer.Argument(metavar="workspace", show_default="every active workspace", help="The workspace's id."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and everything else on stderr.")
]
FIFTEEN_MINUTES = timedelta(minutes=15)
Timeout = Annotated[
    timedelta,
    typer.Option(
        parser=duration, metavar="DURATION", show_default="15m", help="How long to wait: 90s, 10m, 1h."
    ),
]
At = Annotated[
    int | None,
    typer.Option(
        parser=run_time,
        metavar="ISO8601",
        show_default="now",
        help="The time of the sweep, which all rules use as `now`: 2026-01-01T10:00:00Z, with an offset, "
        "or in ms as `health --json` has it.",
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write every remark to this file, as a line of JSON."),
]
KeepSecrets = Annotated[
    bool, typer.Option("--keep-secrets", help="Store fields that look like secrets, too.")
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=STACK_PANEL,
        show_default=".background-sync",
        help="The folder with the state of the local stack.",
    ),
]


@dataclass(frozen=True)
class StackOptions:
    """Choose the stack: `stack_name` on AWS, else the local stack that runs here."""

    stack_name: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=STACK_PANEL,
            help="The CloudFormation name of a stack on AWS. Without it: the local stack that runs here.",
        ),
    ] = None
    profile: Annotated[
        str | None, typer.Option(rich_help_panel=STACK_PANEL, help="The AWS profile to use.")
    ] = None
    region: Annotated[
        str | None, typer.Option(rich_help_panel=STACK_PANEL, help="The AWS region of the stack.")
    ] = None
    state_dir: StateDir = None

    def target(self, *, may_be_missing: bool = False) -> "Target":
        """A stack that `may_be_missing` then has no outputs. Raises `CommandError` and botocore's errors."""
        from background_sync_ops.target import aws_target, running_target  # noqa: PLC0415 - it imports boto3

        if self.stack_name is None:
            if self.profile is not None or self.region is not None:
                raise CommandError("--profile and --region need --stack-name", USAGE)
            return running_target(self.state_dir or STATE_DIR)
        if self.state_dir is not None:
            raise CommandError(
                "--state-dir is for the local stack, --stack-name for AWS: use one of them", USAGE
            )
        with waiting(f"looking for stack {self.stack_name}"):
            return aws_target(self.stack_name, self.profile, self.region, may_be_missing=may_be_missing)

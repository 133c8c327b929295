"""The stack that a command acts on: the local stack that runs here, or a stack on AWS."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.request import ProxyHandler, Request, build_opener

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from background_sync.clock import SystemClock
from background_sync.records.database import Database, connect
from background_sync.settings import Tables
from background_sync_ops.errors import CommandError
from background_sync_ops.stack import clients
from background_sync_ops.stack.invoke_api import CLOCK_PATH
from background_sync_ops.stack.state import STATE_DIR, StackInfo, running_stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

AWS_CONFIG = Config(retries={"mode": "standard"}, connect_timeout=5)
NEEDED_OUTPUTS = (
    "ApiUrl",
    "WorkspacesTableName",
    "ContactsTableName",
    "SyncHealthTableName",
    "WorkQueueUrl",
    "DeadLetterQueueUrl",
    "DispatcherFunctionName",
    "ReconcilerLogGroupName",
    "KapsoBaseUrl",
    "TokenParameterPrefix",
)


class TargetError(CommandError):
    """There is no stack to act on."""


@dataclass(frozen=True)
class Target:
    """A stack to act on.

    `environment` holds the variables that the layer's own client needs; None removes a variable. `state_dir`
    is the folder of a local stack, None on AWS; `parameters` are those of a stack on AWS.
    """

    name: str
    is_local: bool
    region: str
    outputs: Mapping[str, str]
    clock: SystemClock
    session: boto3.Session = field(repr=False)
    environment: Mapping[str, str | None] = field(repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    state_dir: Path | None = None

    @property
    def tables(self) -> Tables:
        return Tables(
            workspaces=self.outputs["WorkspacesTableName"],
            contacts=self.outputs["ContactsTableName"],
            sync_health=self.outputs["SyncHealthTableName"],
        )

    @overload
    def client(self, service: Literal["dynamodb"], config: Config | None = None) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["lambda"], config: Config | None = None) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["sqs"], config: Config | None = None) -> "SQSClient": ...
    @overload
    def client(self, service: Literal["ssm"], config: Config | None = None) -> "SSMClient": ...
    @overload
    def client(self, service: Literal["logs"], config: Config | None = None) -> "CloudWatchLogsClient": ...
    @overload
    def client(self, service: Literal["sts", "sns", "events"]) -> Any: ...
    def client(self, service: str, config: Config | None = None) -> Any:
        """A client for the stack's account and region; `config` overrides the usual timeouts and retries."""
        usual = clients.CONFIG if self.is_local else AWS_CONFIG
        return self.session.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoints.get(service, self.endpoints.get("*")),
            config=usual.merge(config or Config()),
        )

    def connect(self) -> Database:
        """The layer's records, bound to this stack's tables."""
        # As in a Lambda function, their client is configured by the process's environment. A session
        # remembers some of it, so each connection has its own.
        with _environment(self.environment):
            return connect(self.tables, self.clock, Session())


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def local_target(info: StackInfo, state_dir: Path = STATE_DIR) -> Target:
    """A running local stack. The operator's own AWS configuration does not reach it."""
    foreign = dict.fromkeys(name for name in os.environ if name.startswith("AWS_"))
    return Target(
        name="the local stack",
        is_local=True,
        region=info.region,
        outputs=info.outputs,
        clock=SystemClock(info.clock_offset_ms),
        session=clients.session(),
        environment={
            **foreign,
            **clients.CREDENTIALS,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_DEFAULT_REGION": info.region,
            "AWS_ENDPOINT_URL": info.endpoint_url,
            **clients.no_proxy(),
        },
        endpoints={"*": info.endpoint_url, "lambda": info.lambda_endpoint_url},
        state_dir=state_dir,
    )


def advance_clock(target: Target, at: int) -> None:
    """Move the clock of a local stack forward to `at` (ms); raises `TargetError`."""
    request = Request(target.endpoints["lambda"] + CLOCK_PATH, str(at).encode(), method="POST")  # noqa: S310
    try:
        build_opener(ProxyHandler({})).open(request).close()
    except OSError as error:
        raise TargetError(f"the clock of {target.name} could not be moved: {error}") from None


def running_target(state_dir: Path = STATE_DIR) -> Target:
    """The local stack whose state is in `state_dir`; raises `TargetError`."""
    info = running_stack(state_dir)
    if info is None:
        where = "here" if state_dir == STATE_DIR else f"on {state_dir}"
        raise TargetError(
            f"no local stack is running {where}: start one with `background-sync up`, "
            "or name an AWS stack with --stack-name"
        )
    return local_target(info, state_dir)


def aws_target(
    stack_name: str, profile: str | None = None, region: str | None = None, *, may_be_missing: bool = False
) -> Target:
    """The CloudFormation stack `stack_name`, by its outputs; raises `TargetError` and botocore's errors."""
    session = boto3.Session(profile_name=profile, region_name=region)
    if session.region_name is None:
        raise TargetError("no AWS region is set: use --region, or set AWS_DEFAULT_REGION")
    stack = _described(session, stack_name)
    if stack is None and not may_be_missing:
        raise TargetError(
            f"there is no stack {stack_name} in {session.region_name}: check its name and --region"
        )
    return Target(
        name=f"stack {stack_name} in {session.region_name}",
        is_local=False,
        region=session.region_name,
        outputs={} if stack is None else _outputs(stack_name, stack),
        clock=SystemClock(),
        session=session,
        environment={"AWS_DEFAULT_REGION": session.region_name, **_profile(profile)},
        parameters=_pairs(stack or {}, "Parameter"),
    )


def _profile(profile: str | None) -> dict[str, str | None]:
    # As in a boto3 session, a named profile takes precedence over credentials in the environment.
    if profile is None:
        return {}
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {**dict.fromkeys(keys), "AWS_PROFILE": profile}


def _described(session: boto3.Session, stack_name: str) -> Mapping[str, Any] | None:
    """The stack, or None if there is none of this name."""
    try:
        answer = session.client("cloudformation", config=AWS_CONFIG).describe_stacks(StackName=stack_name)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    return answer["Stacks"][0]


def _outputs(stack_name: str, stack: Mapping[str, Any]) -> dict[str, str]:
    outputs = _pairs(stack, "Output")
    for name in NEEDED_OUTPUTS:
        if name not in outputs:
            raise TargetError(f"stack {stack_name} has no output {name}: it is not a Background Sync stack")
    return outputs


def _pairs(stack: Mapping[str, Any], kind: str) -> dict[str, str]:
    return {each[f"{kind}Key"]: each[f"{kind}Value"] for each in stack.get(f"{kind}s", [])}

"""An expected error becomes one line with the next step. A bug does not."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)
from pynamodb.exceptions import QueryError

from background_sync_ops.cli.errors import explained, status_of
from background_sync_ops.errors import CommandError
from background_sync_ops.redrive import RedriveError
from background_sync_ops.snapshot import SnapshotError
from background_sync_ops.stack.errors import EngineError
from background_sync_ops.sweeping import DispatchError
from background_sync_ops.target import TargetError


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Query")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (refusal("AccessDeniedException", "x is not authorized"), "AWS denied Query: x is not authorized"),
        (QueryError("x", refusal("AccessDenied", "not you")), "AWS denied Query: not you"),
        (refusal("ExpiredToken"), "the AWS credentials have expired: sign in again"),
        (refusal("UnrecognizedClientException"), "AWS does not know the credentials"),
        (refusal("ResourceNotFoundException", "no table"), "AWS refused Query: no table"),
        (NoCredentialsError(), "use --profile"),
        (ProfileNotFound(profile="ops"), "check --profile"),
        (EndpointConnectionError(endpoint_url="http://x"), "no answer: "),
        (ConnectTimeoutError(endpoint_url="http://x"), "no answer: "),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
    ],
)
def test_an_error_of_aws_or_of_a_file_is_explained(error: Exception, line: str) -> None:
    assert line in str(explained(error))


@pytest.mark.parametrize(
    "kind", [CommandError, DispatchError, EngineError, RedriveError, SnapshotError, TargetError]
)
def test_the_projects_own_errors_are_one_line_and_exit_status_3(kind: type[Exception]) -> None:
    assert explained(kind("it is\n  so")) == "it is so"
    assert status_of(kind("x")) == 3


def test_an_error_may_choose_its_exit_status() -> None:
    assert status_of(CommandError("x", 2)) == 2


def test_terminal_escapes_in_an_error_are_neutralised() -> None:
    assert explained(CommandError("no \x1b[2J")) == r"no \x1b[2J"


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), QueryError("x"), OSError("x")])
def test_a_bug_is_not_explained(error: Exception) -> None:
    assert explained(error) is None

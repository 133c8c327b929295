"""An expected error as one line, with the next step."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NotConnected
from pynamodb.exceptions import PynamoDBException

from background_sync.queue import NotSent
from background_sync_ops.cli.output import clean
from background_sync_ops.errors import NOT_DONE, CommandError
from background_sync_ops.snapshot import SnapshotError, Throttled
from background_sync_ops.stack.errors import StackError

MAX_LENGTH = 1000
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
)


def status_of(error: BaseException) -> int:
    """The exit status of a command that ends with this error."""
    return error.status if isinstance(error, CommandError) else NOT_DONE


def explained(error: BaseException) -> str | None:
    """One line about an expected error; None if the error is a bug."""
    text = _explained(error)
    return None if text is None else clean(" ".join(text.split()))[:MAX_LENGTH]


def _explained(error: BaseException | None) -> str | None:
    if isinstance(error, PynamoDBException):
        return _explained(error.cause)
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, BotoCoreError):
        return _unreached(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    ours = (CommandError, NotSent, SnapshotError, StackError, Throttled)
    return str(error) if isinstance(error, ours) else None


def _refused(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in EXPIRED:
        return "the AWS credentials have expired: sign in again"
    if code in UNKNOWN_CREDENTIALS:
        return f"AWS does not know the credentials ({code}): check --profile and the AWS_ variables"
    if "AccessDenied" in code or code in ("UnauthorizedOperation", "AuthorizationError"):
        return f"AWS denied {error.operation_name}: {error.response['Error'].get('Message', code)}"
    return f"AWS refused {error.operation_name}: {error.response['Error'].get('Message') or code}"


def _unreached(error: BotoCoreError) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "no AWS credentials were found: use --profile, or set the AWS_ variables"
    if isinstance(error, ProfileNotFound):
        return f"{error}: check --profile and ~/.aws/config"
    if isinstance(error, HTTPClientError | NotConnected):
        return f"no answer: {error}"
    return f"AWS cannot be used: {error}"

"""What was to be expected to go wrong, in one line that names what it was and what to do."""

from typing import TYPE_CHECKING

from background_sync_ops.cli.output import clean

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

WELL = 0
NOT_WELL = 1
USAGE = 2
NOT_DONE = 3
MAX_LENGTH = 1000
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_CREDENTIALS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
)


class CommandError(Exception):
    """A command cannot do what it was asked; the message is one line."""

    def __init__(self, message: str, status: int = NOT_DONE) -> None:
        super().__init__(message)
        self.status = status


def status_of(error: BaseException) -> int:
    """The exit status that an error ends a command with."""
    return error.status if isinstance(error, CommandError) else NOT_DONE


def explained(error: BaseException) -> str | None:
    """The line for an error that was to be expected; None for one that is a bug."""
    text = _explained(error)
    return None if text is None else clean(" ".join(text.split()))[:MAX_LENGTH]


def _explained(error: BaseException | None) -> str | None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only once something failed
    from pynamodb.exceptions import PynamoDBException  # noqa: PLC0415

    if isinstance(error, PynamoDBException):
        return _explained(error.cause)
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, BotoCoreError):
        return _unreached(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) if isinstance(error, _ours()) else None


def _ours() -> tuple[type[BaseException], ...]:
    from background_sync.queue import NotSent  # noqa: PLC0415
    from background_sync_ops.redrive import RedriveError  # noqa: PLC0415
    from background_sync_ops.snapshot import SnapshotError  # noqa: PLC0415
    from background_sync_ops.snapshot.patience import Throttled  # noqa: PLC0415
    from background_sync_ops.stack.errors import StackError  # noqa: PLC0415
    from background_sync_ops.sweeping import DispatchError  # noqa: PLC0415
    from background_sync_ops.target import TargetError  # noqa: PLC0415
    from background_sync_ops.webhooks import KapsoUnreachable  # noqa: PLC0415

    return (
        CommandError,
        DispatchError,
        KapsoUnreachable,
        NotSent,
        RedriveError,
        SnapshotError,
        StackError,
        TargetError,
        Throttled,
    )


def _refused(error: "ClientError") -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in EXPIRED:
        return "the AWS credentials have expired: sign in again"
    if code in UNKNOWN_CREDENTIALS:
        return f"AWS does not know the credentials ({code}): look at --profile and the AWS_ variables"
    if "AccessDenied" in code or code in ("UnauthorizedOperation", "AuthorizationError"):
        return f"AWS denied {error.operation_name}: {error.response['Error'].get('Message', code)}"
    return f"AWS refused {error.operation_name}: {error.response['Error'].get('Message') or code}"


def _unreached(error: "BotoCoreError") -> str:
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "no AWS credentials were found: name a profile with --profile, or set the AWS_ variables"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{error}: look at --profile and ~/.aws/config"
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return f"no answer: {error}"
    return f"AWS cannot be used: {error}"

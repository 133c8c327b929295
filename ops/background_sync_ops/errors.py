"""How a command ends: its exit status, and the errors that it explains in one line."""

OK = 0
NOT_OK = 1
USAGE = 2
NOT_DONE = 3
INTERRUPTED = 130
PIPE_CLOSED = 141
"""The last two as shells report a program that a signal ended: 128 + SIGINT, SIGPIPE."""


class CommandError(Exception):
    """A command cannot do what it was asked to do. The message is one line, with the next step."""

    def __init__(self, message: str, status: int = NOT_DONE) -> None:
        super().__init__(message)
        self.status = status

"""Errors of the local stack. Each message is one line and names what was wrong."""


class StackError(Exception):
    """Base of all errors of the local stack."""


class PortError(StackError):
    """A port of 127.0.0.1 cannot be listened on: it is taken, not allowed or not a port number."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"port {port}: {reason}")
        self.port = port
        self.reason = reason


class EngineError(StackError):
    """The engine's process ended before it was ready."""


class TemplateError(StackError):
    """The template is invalid, or asks for something that the local stack cannot do as AWS does it."""


class UnknownFunctionError(StackError):
    """No function of the stack has this logical id, name or ARN."""


class AlreadyRunningError(StackError):
    """Another stack is running on this state folder."""


class InvocationError(StackError):
    """An invoked function raised, timed out, exited or could not be started."""

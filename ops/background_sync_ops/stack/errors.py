"""What can go wrong with the local stack. Every message is one line and names what was wrong.

StackError
├── PortError             a port cannot be listened on: taken, not allowed, not a port
├── EngineError           the engine's process did not start
├── TemplateError         the template holds something that the local stack cannot be true to
│   └── UnsupportedTypeError  a resource type that is neither made, run nor known to be needless here
├── UnknownFunctionError  no function of that name
├── InvocationError       an invoked function failed
└── AlreadyRunningError   another stack runs on this state folder
"""


class StackError(Exception):
    """Base of all errors of the local stack."""


class PortError(StackError):
    """A port of 127.0.0.1 cannot be listened on."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"port {port}: {reason}")
        self.port = port
        self.reason = reason


class EngineError(StackError):
    """The engine's process ended before it was ready."""


class TemplateError(StackError):
    """The template cannot be run locally as it stands."""


class UnsupportedTypeError(TemplateError):
    """A resource type that the local stack does not know."""

    def __init__(self, logical_id: str, resource_type: str) -> None:
        super().__init__(f"{logical_id}: the local stack does not know resources of type {resource_type}")
        self.logical_id = logical_id
        self.resource_type = resource_type


class UnknownFunctionError(StackError):
    """No function of the stack has this logical id, name or ARN."""


class AlreadyRunningError(StackError):
    """A stack runs already on this state folder."""


class InvocationError(StackError):
    """An invoked function failed: it raised, timed out, crashed, or could not be started."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}" if error_type else message)
        self.error_type = error_type
        self.error_message = message

"""What an invocation of a function came to."""

import json
from dataclasses import dataclass
from typing import Any

from background_sync_ops.stack.errors import InvocationError

UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class InvocationResult:
    """What an invocation came to: `payload` is the handler's result or the error document, as JSON.

    `function_error` is None or, as Lambda says for every failure of a function, "Unhandled".
    """

    request_id: str
    payload: bytes
    function_error: str | None = None

    def json(self) -> Any:
        """The payload, parsed."""
        return json.loads(self.payload)

    def result(self) -> Any:
        """The handler's result, parsed. Raises InvocationError when the function failed."""
        if self.function_error:
            raise InvocationError(self.error_type, self.error_message)
        return self.json()

    @property
    def error_type(self) -> str:
        return str(self.json().get("errorType", "")) if self.function_error else ""

    @property
    def error_message(self) -> str:
        return str(self.json().get("errorMessage", "")) if self.function_error else ""

"""Lambda's Invoke API, so that boto3, the AWS CLI and the functions can invoke the local functions.

`POST /clock` is the local stack's own: it moves the functions' clock forward to a time (ms).
"""

import json
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.errors import UnknownFunctionError

if TYPE_CHECKING:
    from background_sync_ops.stack.lambda_host import LambdaFunction

CLOCK_PATH = "/clock"
INVOKE_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


class InvokeApi:
    """Answers requests.

    `find` gives the function of an id, name or ARN, or raises UnknownFunctionError. `advance_clock` moves the
    functions' clock to a time (ms).
    """

    def __init__(
        self, find: "Callable[[str], LambdaFunction]", advance_clock: "Callable[[int], None]"
    ) -> None:
        self._find = find
        self._advance_clock = advance_clock

    def __call__(self, request: Request) -> Response:
        if request.method == "POST" and request.path == CLOCK_PATH:
            self._advance_clock(int(request.get_data()))
            return Response(status=204)
        path = INVOKE_PATH.fullmatch(request.path)
        if request.method != "POST" or path is None:
            return _error(404, "UnknownOperationException", "the local stack supports only Invoke here")
        payload = request.get_data() or b"{}"
        try:
            function = self._find(path[1])
            json.loads(payload)
        except UnknownFunctionError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        except ValueError as error:
            return _error(400, "InvalidRequestContentException", f"the payload is not JSON: {error}")
        return _invoke(function, payload, request.headers.get("X-Amz-Invocation-Type", "RequestResponse"))


def _invoke(function: "LambdaFunction", payload: bytes, invocation_type: str) -> Response:
    match invocation_type:
        case "RequestResponse":
            result = function.invoke(payload)
            headers = {"x-amzn-RequestId": result.request_id, "X-Amz-Executed-Version": "$LATEST"}
            if result.function_error:
                headers["X-Amz-Function-Error"] = result.function_error
            return Response(result.payload, 200, headers, content_type="application/json")
        case "Event":
            function.invoke_async(payload)
            return Response(status=202, headers={"x-amzn-RequestId": str(uuid.uuid4())})
        case "DryRun":
            return Response(status=204)
        case other:
            return _error(400, "InvalidParameterValueException", f"unknown invocation type {other}")


def _error(status: int, kind: str, message: str) -> Response:
    document = json.dumps({"Type": "User", "Message": message, "message": message})
    return Response(document, status, {"x-amzn-errortype": kind}, content_type="application/json")

"""Lambda's Invoke API, so that boto3 and the AWS CLI can invoke the local functions: they, or the functions
themselves, need only AWS_ENDPOINT_URL_LAMBDA."""

import json
import re
import uuid
from collections.abc import Callable

from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.errors import UnknownFunctionError
from background_sync_ops.stack.lambda_host import LambdaFunction

INVOKE_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
VERSION = "$LATEST"


class InvokeApi:
    """Answers requests. `find` gives the function of an id, name or ARN, or raises UnknownFunctionError."""

    def __init__(self, find: Callable[[str], LambdaFunction]) -> None:
        self._find = find

    def __call__(self, request: Request) -> Response:
        path = INVOKE_PATH.fullmatch(request.path)
        if request.method != "POST" or path is None:
            return _error(404, "UnknownOperationException", "only Invoke is served by the local stack")
        try:
            function = self._find(path[1])
            json.loads(request.get_data() or b"{}")
        except UnknownFunctionError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        except ValueError as error:
            return _error(400, "InvalidRequestContentException", f"the payload is not JSON: {error}")
        return _invoke(function, request)


def _invoke(function: LambdaFunction, request: Request) -> Response:
    payload = request.get_data() or b"{}"
    match request.headers.get("X-Amz-Invocation-Type", "RequestResponse"):
        case "RequestResponse":
            return _synchronous(function, payload)
        case "Event":
            function.invoke_async(payload)
            return Response(status=202, headers={"x-amzn-RequestId": str(uuid.uuid4())})
        case "DryRun":
            return Response(status=204)
        case other:
            return _error(400, "InvalidParameterValueException", f"no invocation type {other}")


def _synchronous(function: LambdaFunction, payload: bytes) -> Response:
    result = function.invoke(payload)
    headers = {"x-amzn-RequestId": result.request_id, "X-Amz-Executed-Version": VERSION}
    if result.function_error:
        headers["X-Amz-Function-Error"] = result.function_error
    return Response(result.payload, 200, headers, content_type="application/json")


def _error(status: int, kind: str, message: str) -> Response:
    document = json.dumps({"Type": "User", "Message": message, "message": message})
    return Response(document, status, {"x-amzn-errortype": kind}, content_type="application/json")

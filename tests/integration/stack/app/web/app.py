"""Answers a request with its event, or with the answer that the header x-answer names."""

import json
from typing import Any

ANSWERS: dict[str, Any] = {
    "teapot": {
        "statusCode": 418,
        "headers": {"Content-Type": "text/tea"},
        "cookies": ["a=1", "b=2"],
        "body": "short",
    },
    "binary": {"statusCode": 200, "body": "AAH/", "isBase64Encoded": True},
    "bare": {"no": "status"},
}


def handler(event: dict[str, Any], _: Any) -> Any:
    answer = event["headers"].get("x-answer", "echo")
    if answer == "error":
        raise RuntimeError("a secret of the function's")
    if answer in ANSWERS:
        return ANSWERS[answer]
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}

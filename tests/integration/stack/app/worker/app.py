"""Does what the event says, {"do": command, …}; so does each message of a batch."""

import json
import os
import sys
import time
from importlib.util import find_spec
from typing import Any

import boto3
import tiny_layer  # type: ignore[import-not-found]

CALLS = {"count": 0}


def handler(event: dict[str, Any], context: Any) -> Any:
    CALLS["count"] += 1
    if "Records" in event:
        return batch(event)
    command = event.get("do", "echo")
    return echo(event, context) if command == "echo" else COMMANDS[command](event)


def echo(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {
        "event": event,
        "calls": CALLS["count"],
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "layer": tiny_layer.NAME,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
    }


def fail(event: dict[str, Any]) -> None:
    raise RuntimeError(event.get("why", "told to"))


def leave(event: dict[str, Any]) -> None:
    sys.exit(event["status"])


def abort(_: dict[str, Any]) -> None:
    os.abort()


def sleep(event: dict[str, Any]) -> None:
    time.sleep(event["seconds"])


def say(event: dict[str, Any]) -> None:
    sys.stdout.write(event["what"] + "\n")


def find(event: dict[str, Any]) -> str | None:
    spec = find_spec(event["module"])
    return spec.origin if spec else None


def put(event: dict[str, Any]) -> None:
    table = boto3.client("dynamodb")
    table.put_item(TableName=os.environ["ITEMS"], Item={"id": {"S": event["id"]}})


def invoke_myself(event: dict[str, Any]) -> None:
    boto3.client("lambda").invoke(
        FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        InvocationType="Event",
        Payload=json.dumps(event["then"]),
    )


def batch(event: dict[str, Any]) -> Any:
    orders = [json.loads(record["body"]) for record in event["Records"]]
    for record, order in zip(event["Records"], orders, strict=True):
        if order == "show again at once":
            show_again_at_once(record)
    if "take a while" in orders:
        time.sleep(0.5)
    if "raise" in orders:
        raise RuntimeError("a batch that fails as a whole")
    if "answer nonsense" in orders:
        return {"batchItemFailures": [{"itemIdentifier": "of no message"}]}
    failed = [
        record["messageId"]
        for record, order in zip(event["Records"], orders, strict=True)
        if order in ("fail", "show again at once")
    ]
    return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}


def show_again_at_once(record: dict[str, Any]) -> None:
    boto3.client("sqs").change_message_visibility(
        QueueUrl=os.environ["JOBS_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
    )


COMMANDS = {
    "fail": fail,
    "leave": leave,
    "abort": abort,
    "sleep": sleep,
    "say": say,
    "find": find,
    "put": put,
    "invoke myself": invoke_myself,
}
